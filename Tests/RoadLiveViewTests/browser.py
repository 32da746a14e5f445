"""The page in a real browser: python3 browser.py URL FOLDER [quick]

With `quick` one visit of four. Where a recording runs, its buttons are pressed, too; where the car's own parts may be
changed and one is known, they are.

Needs Chromium with its driver (Debian: chromium, chromium-driver) and PyPI's selenium. Writes a screenshot for each
width and colour scheme into FOLDER; ends with 1 and one line for each thing that does not hold.
"""
import hashlib
import sys
import time

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys


def browser(width, height):
    options = webdriver.ChromeOptions()
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # A live stream never ends loading.
    options.page_load_strategy = "none"
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    driver.set_window_size(width, height)
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
    return driver


def wait(what, seconds=20):
    end = time.time() + seconds
    while time.time() < end:
        try:
            value = what()
        except Exception:  # the page may not be there yet
            value = None
        if value:
            return value
        time.sleep(0.2)
    return None


def picture(driver):
    """A hash of the live picture's pixels, without the panel of numbers at its top."""
    return driver.execute_script(
        """const image = document.getElementById('picture'), canvas = document.createElement('canvas');
        if (!image.naturalWidth) return null;
        canvas.width = 64; canvas.height = 48;
        const draw = canvas.getContext('2d'); draw.drawImage(image, 0, 0, 64, 48);
        return Array.from(draw.getImageData(0, 24, 64, 24).data).join(',');""")


def greenness(driver):
    pixels = [int(value) for value in picture(driver).split(",")]
    return sum(pixels[1::4]) - sum(pixels[0::4])


def check(driver, failures, name):
    text = lambda identity: driver.find_element(By.ID, identity).text

    def expect(holds, message):
        if not holds:
            failures.append(f"{name}: {message}")

    expect(wait(lambda: text("status") == "video is flowing"), "no video")
    expect(wait(lambda: text("fps-shown") not in ("", "-")), "no rate")
    first = wait(lambda: picture(driver))
    expect(first and wait(lambda: hashlib.sha256(picture(driver).encode()).hexdigest()
                          != hashlib.sha256(first.encode()).hexdigest()), "the picture does not move")
    before = text("ledger")
    expect(wait(lambda: text("ledger") != before), "the ledger does not change")
    expect(len(driver.find_elements(By.CSS_SELECTOR, "#classes li")) > 1, "no class legend")
    expect(any("(road)" in item.text for item in driver.find_elements(By.CSS_SELECTOR, "#classes li")), "no road class")
    expect(driver.execute_script("return document.documentElement.scrollWidth <= window.innerWidth"),
           "scrolls sideways")
    overlay = driver.find_element(By.ID, "overlay")
    alpha = driver.find_element(By.ID, "alpha")
    # By keyboard alone.
    driver.execute_script("arguments[0].focus()", alpha)
    alpha.send_keys(Keys.END)
    strong = wait(lambda: greenness(driver) > 100_000 and greenness(driver))
    overlay.send_keys(Keys.ENTER)
    expect(overlay.get_attribute("aria-pressed") == "false", "the overlay's button does not answer Enter")
    expect(strong and wait(lambda: greenness(driver) < strong / 2), "the overlay cannot be turned off")
    overlay.send_keys(Keys.SPACE)
    expect(strong and wait(lambda: greenness(driver) > strong / 2), "the overlay cannot be turned on again")
    for _ in range(20):
        alpha.send_keys(Keys.ARROW_LEFT)
    for _ in range(7):
        alpha.send_keys(Keys.ARROW_RIGHT)
    check_birds_eye(driver, expect)
    if not driver.find_element(By.ID, "recorder").get_attribute("hidden"):
        check_recorder(driver, expect)
    if not driver.find_element(By.ID, "edit").get_attribute("hidden"):
        check_parts(driver, expect)
    unnamed = driver.execute_script(
        """return [...document.querySelectorAll('button, a, input, canvas, img')].filter(e => !e.hidden && !(
        e.textContent.trim() || e.getAttribute('aria-label') || e.alt || (e.labels && e.labels.length))).length""")
    expect(unnamed == 0, f"{unnamed} elements have no name for a screen reader")
    for entry in driver.get_log("browser"):
        if entry["level"] in ("SEVERE", "WARNING"):
            failures.append(f"{name}: console: {entry['message']}")


def check_birds_eye(driver, expect):
    """From above: a picture that moves, its marks and figures;
    one line and nothing else where nothing is calibrated."""
    text = lambda identity: driver.find_element(By.ID, identity).text
    hint, view = driver.find_element(By.ID, "uncalibrated"), driver.find_element(By.ID, "birdseye-view")
    if hint.is_displayed():
        expect("roadseg calibrate-camera" in hint.text, f"the hint says {hint.text}")
        expect(not view.is_displayed() and not text("metres-text"), "figures without a calibration")
        return
    pixels = lambda: driver.execute_script(
        """const image = document.getElementById('birdseye'), canvas = document.createElement('canvas');
        if (!image.naturalWidth) return null;
        canvas.width = 32; canvas.height = 60;
        const draw = canvas.getContext('2d'); draw.drawImage(image, 0, 0, 32, 60);
        return Array.from(draw.getImageData(0, 0, 32, 60).data).join(',');""")
    first = wait(pixels)
    expect(first and max(int(value) for value in first.split(",")[0::4]) > 60, "no road from above")
    expect(first and wait(lambda: pixels() != first), "the road from above does not move")
    expect(view.is_displayed() and len(driver.find_elements(By.CSS_SELECTOR, "#marks span")) == 5, "no marks")
    expect(wait(lambda: "ahead" in text("metres-text") and "width" in text("metres-text")), "no figures in metres")


def check_recorder(driver, expect):
    """Stop, start, trigger; the line beside the buttons tells what came of it."""
    state = lambda: driver.find_element(By.ID, "recording").text
    press = lambda action: driver.find_element(By.CSS_SELECTOR, f"[data-action={action}]").send_keys(Keys.ENTER)
    expect(wait(lambda: state().startswith("recording")), f"the recording does not run: {state()}")
    press("stop")
    expect(wait(lambda: state().startswith("paused")), f"the recording does not stop: {state()}")
    press("start")
    expect(wait(lambda: state().startswith("recording")), f"the recording does not start: {state()}")
    press("trigger")
    time.sleep(0.5)
    expect(state().startswith("recording"), f"a trigger does harm: {state()}")


def check_parts(driver, expect):
    """Draws a part, moves a corner, deletes another part, writes one as text; each is saved and counts."""
    edit, save = driver.find_element(By.ID, "edit"), driver.find_element(By.ID, "save")
    svg = driver.find_element(By.ID, "parts")
    shapes = lambda: driver.find_elements(By.CSS_SELECTOR, "#parts polygon")
    points = lambda: [shape.get_attribute("points") for shape in shapes()]
    saved = lambda: driver.execute_async_script(
        "const done = arguments[0]; fetch('/own-parts').then(a => a.json()).then(a => done(a.polygons))")

    def at(x, y):
        """Percent of the picture, as an offset from its middle."""
        size = svg.rect
        return round((x - 50) * size["width"] / 100), round((y - 50) * size["height"] / 100)

    def click(x, y):
        ActionChains(driver).move_to_element_with_offset(svg, *at(x, y)).click().perform()

    expect(wait(lambda: len(shapes()) == 1), "the part that is known is not shown")
    edit.click()
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", svg)
    for corner in [(10, 20), (30, 20), (30, 40), (10, 40), (10, 20)]:
        click(*corner)
    expect(len(shapes()) == 2, f"a drawn part is not closed: {points()}")
    before = points()
    ActionChains(driver).move_to_element_with_offset(svg, *at(30, 40)).click_and_hold().move_to_element_with_offset(
        svg, *at(40, 60)).release().perform()
    expect(points()[0] == before[0] and points()[1] != before[1], "a corner cannot be dragged")
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", save)
    save.click()
    drawn = wait(lambda: len(saved()) == 2 and saved()) or [[], []]
    near = lambda a, b: len(a) == len(b) and all(abs(p - q) < 1 for x, y in zip(a, b) for p, q in zip(x, y))
    expect(near(drawn[1], [[10, 20], [30, 20], [40, 60], [10, 40]]), f"saved is {drawn}")
    expect(wait(lambda: edit.get_attribute("aria-pressed") == "false"), "saving does not end the editing")
    # By keyboard alone: choose nothing, take all away as text and write one.
    edit.send_keys(Keys.ENTER)
    corners = driver.find_element(By.ID, "corners")
    corners.send_keys(Keys.CONTROL, "a")
    corners.send_keys("0,90 100,90 100,10x")
    expect(not save.is_enabled(), "what is no corner can be saved")
    corners.send_keys(Keys.BACKSPACE, "0")
    save.send_keys(Keys.ENTER)
    expect(wait(lambda: saved() == [[[0, 90], [100, 90], [100, 100]]]), f"saved is {saved()}")
    expect(wait(lambda: len(shapes()) == 1), "the picture shows other parts than were saved")
    # The chosen part goes with Delete; what is not saved stays as it was.
    edit.send_keys(Keys.ENTER)
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", svg)
    click(90, 93)
    ActionChains(driver).send_keys(Keys.DELETE).perform()
    expect(not shapes(), "Delete does not take the chosen part away")
    driver.find_element(By.ID, "cancel").send_keys(Keys.ENTER)
    expect(wait(lambda: len(shapes()) == 1), "Cancel does not bring it back")


def main(url, folder, quick=""):
    failures = []
    visits = 0
    for width, height in [(390, 844), (1366, 900)]:
        for scheme in ["light", "dark"]:
            if quick and visits:
                break
            visits += 1
            name = f"{width}-{scheme}"
            driver = browser(width, height)
            try:
                driver.execute_cdp_cmd(
                    "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
                driver.get(url)
                check(driver, failures, name)
                driver.save_screenshot(f"{folder}/{name}.png")
            finally:
                driver.quit()
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"{visits} visits, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
