"""The arithmetic of `roadseg calibrate-camera`, by OpenCV: boards in pictures, lens and distortion, mount.

The command decodes the pictures and talks to this through pipes. One line of JSON says what is wanted; then come
pictures, each a line `KIND WIDTH HEIGHT NAME` (KIND is VIEW, ROAD or LANES) and WIDTH x HEIGHT bytes of grey; then the
line `END`. Each picture is answered by one line of JSON, and `END` by the last one. What is wrong with the pictures is
an answer with "error" and "remedy"; exit code 3 means that OpenCV is not there.
"""

import json
import math
import signal
import sys

try:
    import cv2
    import numpy as np
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(3)

# Views count as different when they differ by so much in place, size and slant together (each 0 to 1); as in ROS's
# camera_calibration.
DIFFERENT = 0.2
# A good set reaches into the outer so much of the picture on each side, where distortion shows; its boards are seen
# large, at distances that differ by a quarter, and slanted.
MARGIN = 0.2
LARGE, NEAR_TO_FAR, SLANTED = 0.3, 1.25, 0.3
FEWEST_VIEWS = 8
LARGEST_SIDE = 16384


class Refusal(Exception):
    def __init__(self, cause, remedy):
        super().__init__(cause)
        self.cause, self.remedy = cause, remedy


class Checkerboard:
    """A board of squares; columns and rows count inner corners."""

    def __init__(self, columns, rows, square):
        self.size = (columns, rows)
        grid = np.mgrid[0:columns, 0:rows].T.reshape(-1, 2)
        self.places = np.hstack([grid * square, np.zeros((len(grid), 1))]).astype(np.float32)
        self.outline = [0, columns - 1, columns * rows - 1, columns * (rows - 1)]

    def find(self, grey):
        """Places on the board and in the picture; None where the board is not seen."""
        flags = cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_ACCURACY
        found, corners = cv2.findChessboardCornersSB(grey, self.size, flags=flags)
        return (self.places, corners.reshape(-1, 2).astype(np.float32)) if found else None

    def find_lying(self, grey):
        """The same for a board on the road: flat as it looks, it is found in a stretched picture only."""
        flags = cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_ACCURACY | cv2.CALIB_CB_EXHAUSTIVE
        for across, down in ((1, 2), (1, 3), (2, 4), (1, 1.5), (2, 6)):
            if max(grey.shape[0] * down, grey.shape[1] * across) > LARGEST_SIDE:
                continue
            stretched = cv2.resize(grey, None, fx=across, fy=down, interpolation=cv2.INTER_LINEAR)
            found, corners = cv2.findChessboardCornersSB(stretched, self.size, flags=flags)
            if found:
                places = (corners.reshape(-1, 2) + 0.5) / (across, down) - 0.5
                return self.places, places.astype(np.float32)
        return self.find(grey)


class Charuco:
    """A board of squares with markers in it, of which a part is enough; columns and rows count squares."""

    def __init__(self, columns, rows, square, marker, dictionary):
        kind = getattr(cv2.aruco, dictionary, None)
        if not dictionary.startswith("DICT_") or not isinstance(kind, int):
            raise Refusal(f"OpenCV knows no markers '{dictionary}'", "name them as OpenCV does: DICT_5X5_100")
        self.board = cv2.aruco.CharucoBoard(
            (columns, rows), square, marker, cv2.aruco.getPredefinedDictionary(kind)
        )
        self.detector = cv2.aruco.CharucoDetector(self.board)
        self.fewest = max(8, (columns - 1) * (rows - 1) // 3)

    def find_lying(self, grey):
        return self.find(grey)

    def find(self, grey):
        corners, numbers, _, _ = self.detector.detectBoard(grey)
        if corners is None or len(corners) < self.fewest:
            return None
        places, seen = self.board.matchImagePoints(corners, numbers)
        return places.reshape(-1, 3).astype(np.float32), seen.reshape(-1, 2).astype(np.float32)


def board(wanted):
    columns, rows, square = wanted["columns"], wanted["rows"], wanted["square"]
    if wanted.get("dictionary"):
        return Charuco(columns, rows, square, wanted["marker"], wanted["dictionary"])
    return Checkerboard(columns, rows, square)


def look(places, seen, size):
    """What a view looks like: place, size and slant of the board, each 0 to 1."""
    width, height = size
    hull = cv2.convexHull(seen).reshape(-1, 2)
    area = cv2.contourArea(hull)
    # The board's own rectangle through a homography: opposite sides differ by slant.
    homography, _ = cv2.findHomography(places[:, :2], seen)
    low, high = places[:, :2].min(axis=0), places[:, :2].max(axis=0)
    rectangle = np.float32([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])
    corners = cv2.perspectiveTransform(rectangle[None], homography)[0] if homography is not None else rectangle
    sides = [np.linalg.norm(corners[i] - corners[(i + 1) % 4]) for i in range(4)]
    slant = max(abs(math.log(max(sides[0], 1e-3) / max(sides[2], 1e-3))),
                abs(math.log(max(sides[1], 1e-3) / max(sides[3], 1e-3))))
    middle = seen.mean(axis=0)
    return {
        "across": float(middle[0] / width),
        "down": float(middle[1] / height),
        "size": float(math.sqrt(area / (width * height))),
        "slant": float(min(1, 2 * slant)),
    }


def reach(seen, size):
    """How far the board comes to the left, right, upper and lower edge, 0 at the edge."""
    (left, upper), (right, lower) = seen.min(axis=0) / size, seen.max(axis=0) / size
    return {"left": left, "right": 1 - right, "upper": upper, "lower": 1 - lower}


class Views:
    """Views that differ from each other."""

    def __init__(self):
        self.looks, self.points, self.gaps = [], [], {}

    def offer(self, places, seen, size):
        mine = look(places, seen, size)
        for other in self.looks:
            if sum(abs(mine[key] - other[key]) for key in mine) < DIFFERENT:
                return False
        self.looks.append(mine)
        self.points.append((places, seen))
        for edge, gap in reach(seen, size).items():
            self.gaps[edge] = min(gap, self.gaps.get(edge, 1))
        return True

    def missing(self):
        """What would make the set better, in words; empty when nothing is missing."""
        if not self.looks:
            return ["show the whole board"]
        words = [f"the board at the {edge} edge" for edge, gap in self.gaps.items() if gap > MARGIN]
        sizes = [each["size"] for each in self.looks]
        if max(sizes) < LARGE:
            words.append("the board nearer")
        elif max(sizes) < NEAR_TO_FAR * min(sizes):
            words.append("the board farther away")
        if max(each["slant"] for each in self.looks) < SLANTED:
            words.append("the board slanted, to the sides and backwards")
        return words


def calibrate(views, size):
    """Lens and distortion of views; those that fit badly are left out."""
    points = list(views.points)
    names = list(range(len(points)))
    if len(points) < FEWEST_VIEWS:
        raise Refusal(
            f"{len(points)} different views of the board are too few",
            f"take at least {FEWEST_VIEWS}, better 20: {', '.join(views.missing()) or 'from other sides'}",
        )
    while True:
        result = fit(points, size)
        errors = result["errors"]
        limit = max(3 * float(np.median(errors)), 0.5)
        bad = [index for index, error in enumerate(errors) if error > limit]
        if not bad or len(points) - len(bad) < FEWEST_VIEWS:
            break
        for index in reversed(bad):
            del points[index], names[index]
    k, distortion = result["k"], result["distortion"]
    if not np.isfinite(k).all() or not np.isfinite(distortion).all():
        raise Refusal("the views do not fit any camera", "check --board: it counts inner corners of a checkerboard")
    if result["rms"] > 2.5:
        raise Refusal(
            f"the views fit a camera to {result['rms']:.1f} pixels only",
            "keep the board flat and the camera still; check --board and --marker",
        )
    return {
        "fx": k[0, 0], "fy": k[1, 1], "cx": k[0, 2], "cy": k[1, 2], "distortion": distortion.tolist(),
        "rms": result["rms"], "views": len(points), "left_out": len(views.points) - len(points),
        "deviations": result["deviations"], "missing": views.missing(),
    }


def fit(points, size):
    """The smaller of two models of distortion, unless the larger one fits clearly better."""
    objects, images = [p for p, _ in points], [s.reshape(-1, 1, 2) for _, s in points]
    best = None
    for flags in (cv2.CALIB_FIX_K3, 0):
        rms, k, distortion, _, _, deviations, _, errors = cv2.calibrateCameraExtended(
            objects, images, size, None, None, flags=flags
        )
        if best is None or rms < 0.9 * best["rms"]:
            best = {
                "rms": float(rms), "k": k, "distortion": distortion.ravel()[:5], "errors": errors.ravel(),
                "deviations": [float(value) for value in deviations.ravel()[:4]],
            }
    return best


def lens(wanted):
    k = np.array([[wanted["fx"], 0, wanted["cx"]], [0, wanted["fy"], wanted["cy"]], [0, 0, 1]], dtype=float)
    return k, np.array(wanted["distortion"] or [0.0] * 5, dtype=float)


def mount_of_board(intrinsics, places, seen):
    """Height, pitch and roll over a board that lies on the road."""
    k, distortion = lens(intrinsics)
    count, rotations, shifts, errors = cv2.solvePnPGeneric(places, seen, k, distortion, flags=cv2.SOLVEPNP_IPPE)
    if not count:
        raise Refusal("the board on the road fits no place", "check --road-board and --road-square")
    rotation, shift = cv2.solvePnPRefineLM(places, seen, k, distortion, rotations[0], shifts[0])
    normal = cv2.Rodrigues(rotation)[0][:, 2]
    shift = shift.ravel()
    down = normal if normal @ shift > 0 else -normal
    height = float(down @ shift)
    projected, _ = cv2.projectPoints(places, rotation, shift, k, distortion)
    residual = float(np.sqrt(np.mean(np.sum((projected.reshape(-1, 2) - seen) ** 2, axis=1))))
    return {
        "height": height, "pitch": math.degrees(math.asin(float(np.clip(down[2], -1, 1)))),
        "roll": math.degrees(math.atan2(float(down[0]), float(down[1]))), "yaw": 0.0, "residual": residual,
    }


def mount_of_vanishing_point(intrinsics, point, height):
    """Pitch and yaw from where straight ahead is in the picture; without roll."""
    k, distortion = lens(intrinsics)
    x, y = cv2.undistortPoints(np.array([[point]], dtype=float), k, distortion).ravel()
    pitch = math.atan(-y)
    return {
        "height": height, "pitch": math.degrees(pitch), "roll": 0.0,
        "yaw": math.degrees(math.atan(-x * math.cos(pitch))),
    }


def lane_lines(intrinsics, grey):
    """Long straight edges of an undistorted picture that may be lane marks, as (x, y, direction)."""
    k, distortion = lens(intrinsics)
    flat = cv2.undistort(grey, k, distortion)
    height, width = flat.shape
    edges = cv2.Canny(cv2.GaussianBlur(flat, (5, 5), 0), 50, 150)
    edges[: height * 45 // 100] = 0
    found = cv2.HoughLinesP(edges, 1, math.pi / 360, 40, minLineLength=height // 8, maxLineGap=height // 40)
    lines = []
    for x0, y0, x1, y1 in [] if found is None else found.reshape(-1, 4).astype(float):
        angle = math.degrees(math.atan2(abs(y1 - y0), abs(x1 - x0)))
        if 12 < angle < 80:
            # The line as a x + b y = c with a unit normal, and its length.
            length = math.hypot(x1 - x0, y1 - y0)
            a, b = (y1 - y0) / length, (x0 - x1) / length
            leans = (x1 - x0) * (y1 - y0) > 0
            lines.append((a, b, a * x0 + b * y0, length, leans))
    return lines


def vanishing_point(lines, size):
    """Where most lines meet, by length; None where they do not."""
    left, right = [l for l in lines if not l[4]], [l for l in lines if l[4]]
    best, weight = None, 0.0
    tolerance = max(2.0, size[1] / 160)
    for one in sorted(left, key=lambda l: -l[3])[:40]:
        for other in sorted(right, key=lambda l: -l[3])[:40]:
            system = np.array([one[:2], other[:2]])
            if abs(np.linalg.det(system)) < 0.1:
                continue
            x, y = np.linalg.solve(system, [one[2], other[2]])
            if not (0 < x < size[0] and 0 < y < size[1] * 0.75):
                continue
            sums = [sum(l[3] for l in side if abs(l[0] * x + l[1] * y - l[2]) < tolerance) for side in (left, right)]
            if min(sums) > weight:
                best, weight = (x, y), min(sums)
    if best is None:
        return None
    near = [l for l in lines if abs(l[0] * best[0] + l[1] * best[1] - l[2]) < tolerance]
    matrix = np.array([[l[0] * l[3], l[1] * l[3]] for l in near])
    values = np.array([l[2] * l[3] for l in near])
    point, *_ = np.linalg.lstsq(matrix, values, rcond=None)
    return float(point[0]), float(point[1])


# The road from above, in heights of the camera: how far to the sides, from where to where ahead, how much a pixel is.
SIDE, NEAR, FAR, ACROSS, ALONG = 4.0, 2.5, 10.0, 0.01, 0.05
# A mark is so wide. The camera drives between two of them; dashes are seen so much weaker than lines, but so much
# stronger than the road.
MARK, NEAREST_MARK, WEAKEST, ABOVE_ROAD = 0.1, 0.3, 0.12, 5


def from_above(flat, k, pitch, yaw):
    """The road from above, as if the camera were one unit high; and where it is in the picture. Without roll."""
    size = (int(2 * SIDE / ACROSS), int((FAR - NEAR) / ALONG))
    (sin_p, cos_p), (sin_y, cos_y) = ((math.sin(angle), math.cos(angle)) for angle in (pitch, yaw))
    ground = np.array([
        [cos_y, -sin_y, 0], [-sin_y * sin_p, -cos_y * sin_p, cos_p], [sin_y * cos_p, cos_y * cos_p, sin_p]])
    grid = np.array([[ACROSS, 0, ACROSS / 2 - SIDE], [0, -ALONG, FAR - ALONG / 2], [0, 0, 1]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    matrix = k @ ground @ grid
    seen = cv2.warpPerspective(np.full(flat.shape, 255, np.uint8), matrix, size, flags=cv2.INTER_NEAREST | flags)
    return cv2.warpPerspective(flat, matrix, size, flags=flags), seen > 0


def marks_across(flat, k, pitch, yaw):
    """How much of a mark there is at each place across the road."""
    above, seen = from_above(flat, k, pitch, yaw)
    above = above.astype(np.float32)
    width = int(MARK / ACROSS) | 1
    thin = cv2.boxFilter(above, -1, (width, 1))
    beside = 2 * width
    left, right = np.roll(thin, beside, axis=1), np.roll(thin, -beside, axis=1)
    inside = seen & np.roll(seen, beside + width, axis=1) & np.roll(seen, -beside - width, axis=1)
    # Brighter than the road on both sides: no edge of a shadow is.
    ridge = np.where(inside, np.clip(thin - np.maximum(left, right), 0, 60), 0)
    count = inside.sum(axis=0)
    return np.where(count > inside.shape[0] // 4, ridge.sum(axis=0) / np.maximum(count, 1), 0)


def between_marks(across):
    """From the mark on the left of the camera to that on its right, in heights of the camera; None without them."""
    places = (np.arange(len(across)) + 0.5) * ACROSS - SIDE
    smooth = np.convolve(across, np.ones(5) / 5, mode="same")
    peaks = [i for i in range(2, len(smooth) - 2) if smooth[i] == smooth[i - 2 : i + 3].max() > 0]
    least = max(WEAKEST * smooth.max(), ABOVE_ROAD * float(np.median(smooth)), 1)
    strong = [i for i in peaks if smooth[i] >= least]
    left = [i for i in strong if places[i] < -NEAREST_MARK]
    right = [i for i in strong if places[i] > NEAREST_MARK]
    if not left or not right:
        return None

    def middle(index):
        around = range(max(0, index - 8), min(len(smooth), index + 9))
        weights = np.array([max(smooth[i] - smooth[index] / 2, 0) for i in around])
        return float((weights * places[list(around)]).sum() / weights.sum())

    return middle(right[0]) - middle(left[-1])


def mount_of_lane(intrinsics, grey, point, width):
    """The mount, its height among it, from a lane whose width is known; None where its marks are not seen."""
    k, distortion = lens(intrinsics)
    flat = cv2.undistort(grey, k, distortion)
    x, y = (point[0] - k[0, 2]) / k[0, 0], (point[1] - k[1, 2]) / k[1, 1]
    pitch = math.atan(-y)
    yaw = math.atan(-x * math.cos(pitch))
    gap = between_marks(marks_across(flat, k, pitch, yaw))
    if gap is None:
        return None
    return {"height": width / gap, "pitch": math.degrees(pitch), "roll": 0.0, "yaw": math.degrees(yaw)}


def distorted(intrinsics, point):
    """A point of the undistorted picture as the camera shows it."""
    k, distortion = lens(intrinsics)
    x, y = (point[0] - k[0, 2]) / k[0, 0], (point[1] - k[1, 2]) / k[1, 1]
    place, _ = cv2.projectPoints(np.array([[x, y, 1.0]]), np.zeros(3), np.zeros(3), k, distortion)
    return [float(value) for value in place.ravel()]


def read_picture(words, stream):
    width, height = int(words[1]), int(words[2])
    if not (16 <= width <= LARGEST_SIDE and 16 <= height <= LARGEST_SIDE):
        raise ValueError(f"a picture of {width}x{height}")
    data = stream.read(width * height)
    if len(data) != width * height:
        raise EOFError("a picture is cut short")
    return np.frombuffer(data, np.uint8).reshape(height, width)


class Session:
    def __init__(self, wanted):
        self.wanted = wanted
        self.intrinsics = wanted.get("intrinsics")
        self.board = board(wanted["board"]) if wanted.get("board") else None
        self.road_board = board(wanted["road_board"]) if wanted.get("road_board") else None
        self.views, self.size = Views(), None
        # Looked at when the lens is known.
        self.road, self.lanes = [], []

    def take(self, kind, grey):
        size = (grey.shape[1], grey.shape[0])
        if kind == "ROAD":
            self.road.append((self.road_board or self.board).find_lying(grey))
            return {"found": self.road[-1] is not None}
        if kind == "LANES":
            self.lanes.append(grey)
            return {"found": True}
        if self.size not in (None, size):
            raise Refusal(
                f"pictures of {self.size[0]}x{self.size[1]} and of {size[0]}x{size[1]}",
                "calibrate with pictures of one size",
            )
        self.size = size
        found = self.board.find(grey)
        if found is None:
            return {"found": False, "kept": False, "views": len(self.views.looks), "missing": self.views.missing()}
        kept = self.views.offer(*found, size)
        return {"found": True, "kept": kept, "views": len(self.views.looks), "missing": self.views.missing()}

    def finish(self):
        answer = {}
        if self.intrinsics is None:
            answer["lens"] = calibrate(self.views, self.size or (1, 1))
            self.intrinsics = answer["lens"]
        answer["mount"] = self.mount()
        return answer

    def mount(self):
        wanted = self.wanted["mount"]
        if wanted["kind"] == "board":
            seen = [found for found in self.road if found is not None]
            if not seen:
                raise Refusal("no board is seen on the road", "lay it flat, whole in the picture; see --road-board")
            mounts = [mount_of_board(self.intrinsics, *found) for found in seen]
            return {key: float(np.median([mount[key] for mount in mounts])) for key in mounts[0]}
        if wanted["kind"] == "vanishing-point":
            x, y = wanted["point"]
            point = (self.intrinsics["cx"] if x is None else x, y)
            return mount_of_vanishing_point(self.intrinsics, point, wanted["height"])
        if wanted["kind"] == "lanes":
            points, seen = [], []
            for grey in self.lanes:
                lines = lane_lines(self.intrinsics, grey)
                point = vanishing_point(lines, (grey.shape[1], grey.shape[0]))
                if point:
                    points.append(point)
                    seen.append(grey)
            if not points:
                raise Refusal(
                    "no lane marks that meet are seen",
                    "take a picture of a straight, level road, or give --horizon or --vanishing-point",
                )
            if wanted.get("lane"):
                return self.mount_of_lanes(list(zip(seen, points)), wanted["lane"])
            point = distorted(self.intrinsics, np.median(np.array(points), axis=0))
            mount = mount_of_vanishing_point(self.intrinsics, point, wanted["height"])
            return {**mount, "vanishing_point": point, "pictures": len(points)}
        return {key: wanted[key] for key in ("height", "pitch", "roll", "yaw")}

    def mount_of_lanes(self, seen, width):
        mounts = [mount_of_lane(self.intrinsics, grey, point, width) for grey, point in seen]
        mounts = [mount for mount in mounts if mount]
        if not mounts:
            raise Refusal(
                "the marks on both sides of the lane are not seen",
                "take pictures of a straight, level road from the middle of a marked lane, or give --height",
            )
        return {**{key: float(np.median([mount[key] for mount in mounts])) for key in mounts[0]},
                "pictures": len(mounts)}


def say(answer):
    print(json.dumps(answer), flush=True)


def main():
    stream = sys.stdin.buffer
    # Ctrl-C is for the command to act on, which then closes the pipes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        session = Session(json.loads(stream.readline()))
        say({"opencv": cv2.__version__})
        while True:
            words = stream.readline().decode().split(" ", 3)
            if not words or words[0].strip() in ("END", ""):
                break
            grey = read_picture(words, stream)
            say(session.take(words[0], grey))
        say(session.finish())
    except Refusal as refusal:
        say({"error": refusal.cause, "remedy": refusal.remedy})
        return 1
    except cv2.error as error:
        say({"error": f"OpenCV: {error.err or error}".splitlines()[0], "remedy": "check --board and the pictures"})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
