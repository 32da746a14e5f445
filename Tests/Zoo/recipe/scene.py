"""Made road scenes with the true class of every pixel: what the zoo is trained, calibrated and compared on."""

import numpy as np

HEIGHT, WIDTH = 96, 144

# Class names of the finest table; coarser ones merge them.
NAMES = ["road", "lane-mark", "sidewalk", "grass", "building", "tree", "sky", "car", "person", "pole", "sign"]
COLOURS = np.array(
    [
        [92, 90, 94], [225, 224, 214], [150, 140, 136], [88, 132, 60], [142, 104, 88], [44, 84, 40],
        [150, 190, 232], [150, 34, 40], [210, 150, 60], [58, 58, 62], [236, 202, 40],
    ],
    np.float32,
)

# classes → for each fine class its place in the coarser table, and the coarser table's names. Class 0 is the road.
TABLES = {
    5: ([0, 0, 1, 2, 3, 2, 4, 3, 3, 3, 3], ["road", "sidewalk", "nature", "object", "sky"]),
    7: (
        [0, 0, 1, 2, 4, 2, 6, 3, 5, 4, 4],
        ["road", "sidewalk", "nature", "car", "building", "person", "sky"],
    ),
    8: (
        [0, 1, 2, 3, 4, 3, 6, 5, 5, 7, 7],
        ["road", "lane-mark", "sidewalk", "nature", "building", "traffic", "sky", "post"],
    ),
    11: (list(range(11)), NAMES),
}


def scene(seed):
    """Pixels 96x144x3 uint8 and fine classes 96x144 uint8; the same for the same seed."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    horizon = random.uniform(0.3, 0.5) * HEIGHT
    vanishing = random.uniform(0.3, 0.7) * WIDTH
    classes = np.where(rows < horizon, 6, 3).astype(np.uint8)
    depth = np.clip((rows - horizon) / (HEIGHT - horizon), 0, 1)
    _skyline(classes, random, rows, columns, horizon)
    _ground(classes, random, rows, columns, horizon, vanishing, depth)
    _objects(classes, random, horizon)
    return _paint(classes, random, rows, depth), classes


def _skyline(classes, random, rows, columns, horizon):
    for _ in range(random.integers(3, 7)):
        left, width = random.uniform(0, WIDTH), random.uniform(14, 40)
        top = horizon - random.uniform(8, 30)
        kind = 4 if random.random() < 0.55 else 5
        if kind == 4:
            inside = (columns >= left) & (columns < left + width) & (rows >= top) & (rows < horizon + 3)
        else:
            inside = ((columns - left) / (width / 2)) ** 2 + ((rows - horizon + 6) / (horizon - top)) ** 2 < 1
            inside &= rows < horizon + 3
        classes[inside] = kind


def _ground(classes, random, rows, columns, horizon, vanishing, depth):
    below = rows >= horizon
    half = random.uniform(0.3, 0.55) * WIDTH * depth + 1.5
    bend = random.uniform(-20, 20) * (1 - depth) ** 2
    offset = columns - (vanishing + (WIDTH / 2 - vanishing) * depth + bend)
    walk = random.uniform(0.15, 0.4) if random.random() < 0.7 else 0.0
    classes[below & (np.abs(offset) < half * (1 + walk))] = 2
    classes[below & (np.abs(offset) < half)] = 0
    mark = below & (np.abs(offset) < 0.045 * half + 0.5) & (np.sin(9 / (depth + 0.12)) > -0.3)
    edge = below & (np.abs(np.abs(offset) - 0.9 * half) < 0.03 * half + 0.3)
    classes[(mark | edge) & (depth > 0.08)] = 1


def _objects(classes, random, horizon):
    places = sorted(random.uniform(0.12, 0.9) for _ in range(random.integers(3, 8)))
    for depth in places:
        foot = int(horizon + depth * (HEIGHT - horizon))
        x = int(random.uniform(0, WIDTH))
        kind = random.choice([7, 7, 8, 9, 10])
        if kind == 7:
            _box(classes, foot, x, 16 * depth + 5, 30 * depth + 8, 7)
        elif kind == 8:
            _box(classes, foot, x, 34 * depth + 8, 9 * depth + 3, 8)
        else:
            _box(classes, foot, x, 50 * depth + 14, 4 * depth + 2, 9)
            if kind == 10:
                _box(classes, foot - int(38 * depth + 10), x, 14 * depth + 7, 14 * depth + 7, 10)


def _box(classes, foot, centre, height, width, kind):
    top, left = max(int(foot - height), 0), max(int(centre - width / 2), 0)
    classes[top : max(foot, 0), left : max(int(centre + width / 2), 0)] = kind


def _paint(classes, random, rows, depth):
    colours = COLOURS + random.normal(0, 10, COLOURS.shape).astype(np.float32)
    picture = colours[classes]
    sky = classes == 6
    picture[sky] += (rows[sky] - 30)[:, None] * 0.8
    picture *= (0.85 + 0.3 * depth)[..., None]
    picture = picture * random.uniform(0.75, 1.15) + random.uniform(-12, 12)
    grain = random.normal(0, 5, (HEIGHT // 2, WIDTH // 2, 1)).repeat(2, 0).repeat(2, 1)
    picture += grain
    return (np.clip(picture, 0, 255).astype(np.uint8) // 2) * 2


def coarse(classes, count):
    return np.array(TABLES[count][0], np.uint8)[classes]


def fit(array, size):
    """A scene, or its classes, at a network's size (height, width): the left top of it, with pixels doubled for a
    network that is larger than the scene and every second one left out for one that is at most half as high."""
    height, width = size
    if height > HEIGHT:
        return array[: height // 2, : width // 2].repeat(2, 0).repeat(2, 1)
    if height <= HEIGHT // 2:
        return array[: 2 * height : 2, : 2 * width : 2]
    return array[:height, :width]


def class_table(count):
    """The class table as `roadseg --classes` reads it."""
    lines = ["index\tname\tr\tg\tb"]
    mapping, names = TABLES[count]
    for index, name in enumerate(names):
        red, green, blue = COLOURS[mapping.index(index)].astype(int)
        lines.append(f"{index}\t{name}\t{red}\t{green}\t{blue}")
    return "\n".join(lines) + "\n"
