"""Drives the live page of a service with a browser, as somebody does who looks at it.

usage: page.py BROWSER URL CHECK [ARGUMENT...]

Each check is a function below. Prints what is wrong and exits 1, or prints nothing.
"""
import contextlib
import re
import sys
import time

from playwright.sync_api import Error, expect, sync_playwright

# Longer than anything takes on a busy machine.
PATIENCE_MS = 120_000
expect.set_options(timeout=PATIENCE_MS)


def enter(page, url, view=""):
    page.goto(url + view)
    expect(page.locator("#connection")).to_have_text(re.compile("live"))


def tile(page, stream):
    return page.get_by_role("link", name=re.compile(rf"^{stream}\b"))


def cameras(page, url, *streams):
    """Every camera shows a picture and its figures, over one stream of pictures and one of events."""
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    enter(page, url)
    for stream in streams:
        expect(tile(page, stream).locator(".frame.live img")).to_be_visible()
        expect(tile(page, stream)).to_contain_text(re.compile(r"\d fps"))
        # A picture that is one, and another one after it.
        image = tile(page, stream).locator("img")
        page.wait_for_function("image => image.naturalWidth > 100", arg=image.element_handle())
        first = image.get_attribute("src")
        expect(image).not_to_have_attribute("src", first)
    open_at_once = page.evaluate("performance.getEntriesByType('resource').filter(e => /live\\?/.test(e.name)).length")
    assert open_at_once == 0, "a picture stream of one camera alone"
    assert sum("/v1/events?" in request for request in requests) == 1, requests
    assert any("/v1/pictures?" in request for request in requests), requests
    # Nothing is encoded for a camera that nobody sees.
    with page.expect_event("requestfailed", lambda request: "/v1/pictures?" in request.url):
        page.get_by_role("link", name="Events", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Events")
    with page.expect_request(lambda request: "/v1/pictures?" in request.url) as again:
        page.get_by_role("link", name="Cameras", exact=True).click()
    assert all(stream in again.value.url for stream in streams), again.value.url


def pipeline(page, url, name):
    """The graph, the ledger and the streams are there, and change; the pipeline stops, starts and restarts."""
    enter(page, url, f"#/pipelines/{name}")
    stages = page.get_by_role("region", name="Graph of stages").get_by_role("listitem")
    expect(stages.first).to_contain_text(re.compile(r"fps[1-9]"))
    delivered = page.locator(".key li", has_text="delivered")
    before = delivered.inner_text()
    expect(delivered).not_to_have_text(before)
    expect(page.get_by_role("row", name=re.compile("streaming"))).not_to_have_count(0)
    state = page.locator("#pipeline-title + .badge")
    for button, word in [("Restart", "running"), ("Drain", "stopped"), ("Start", "running"), ("Stop", "stopped"), ("Start", "running")]:
        run = page.request.get(f"{url}v1/pipelines/{name}").json()["pid"]
        # Another run is asked for its graph; what comes next must not end it before it has answered.
        begins = page.expect_response(lambda answer: answer.url.endswith(f"/{name}/graph")) if word == "running" \
            else contextlib.nullcontext()
        with begins:
            page.get_by_role("button", name=button, exact=True).click()
            expect(page.get_by_role("status").locator(".notice", has_text=button.lower()).first).to_be_visible()
        if button == "Restart":
            wait(page, lambda: page.request.get(f"{url}v1/pipelines/{name}").json()["pid"] not in (run, None))
        expect(state).to_have_text(re.compile(word))


def wait(page, holds):
    for _ in range(PATIENCE_MS // 100):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it never became so")


def threshold(page, url, name, stage, option, value):
    """An option is changed, and what is wrong is refused and told."""
    enter(page, url, f"#/pipelines/{name}")
    summary = page.locator("summary", has_text=stage).first
    summary.click()
    field = page.get_by_label(option, exact=True).first
    field.fill(value)
    field.press("Enter")
    expect(page.get_by_role("status").locator(".notice", has_text=f"{option} is {value}")).to_be_visible()
    graph = page.request.get(f"{url}v1/pipelines/{name}/graph").json()["stages"]
    own = next(o for s in graph if s["id"] == stage for o in s["options"] if o["name"] == option)
    assert own["value"] == float(value), own
    field.fill("-5")
    field.press("Enter")
    expect(page.get_by_role("alert").filter(has_text=option).first).to_be_visible()
    expect(field).to_have_value(value)


def shapes(page, url, name, stream):
    """A zone is moved with the keyboard and by dragging, one is added, and both are written back."""
    def zones():
        graph = page.request.get(f"{url}v1/pipelines/{name}/graph").json()["stages"]
        return next(o["value"] for s in graph for o in s["options"] if o["name"] == "zones")

    enter(page, url, f"#/camera/{name}/{stream}")
    expect(page.locator(".frame.live img")).to_be_visible()
    before = zones()
    page.get_by_role("button", name=f"Edit {before[0]['name']}").click()
    point = page.get_by_role("button", name=re.compile("^Point 1:"))
    point.focus()
    point.press("ArrowRight")
    point.press("Shift+ArrowDown")
    page.get_by_role("button", name="Save", exact=True).click()
    wait(page, lambda: zones() != before)
    (x, y), (newx, newy) = before[0]["points"][0], zones()[0]["points"][0]
    assert abs(newx - x - 0.01) < 1e-3 and abs(newy - y - 0.05) < 1e-3, (before, zones())

    page.get_by_role("button", name="Add zone").click()
    page.get_by_label("Name of the zone").fill("corner")
    box = page.get_by_role("button", name=re.compile("^Point 2:")).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 40, box["y"] - 30, steps=4)
    page.mouse.up()
    page.get_by_label("Point 1 across in percent").fill("10")
    page.get_by_role("button", name="Save", exact=True).click()
    wait(page, lambda: len(zones()) == len(before) + 1)
    corner = next(zone for zone in zones() if zone["name"] == "corner")
    assert corner["points"][0][0] == 0.1 and corner["points"][1][0] > 0.7 and corner["streams"] == [stream], corner

    # A zone whose outline crosses itself is refused, and stays open.
    page.get_by_role("button", name="Edit corner").click()
    page.get_by_label("Point 1 across in percent").fill("90")
    page.get_by_label("Point 1 down in percent").fill("60")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="crosses itself")).to_be_visible()
    page.get_by_role("button", name="Remove zone").click()
    wait(page, lambda: len(zones()) == len(before))


def events(page, url, name):
    """What rules report comes as it happens, with its clip, which plays; recordings and pictures are there too."""
    enter(page, url, "#/events")
    page.get_by_label("Kind").select_option("event")
    expect(page.locator(".event").first).to_be_visible()
    page.locator("button.film").first.click()
    video = page.locator("dialog video")
    page.wait_for_function("video => video.currentTime > 0.3", arg=video.element_handle())
    page.keyboard.press("Escape")
    expect(page.locator("dialog video")).to_have_count(0)
    page.get_by_role("link", name="Recordings", exact=True).click()
    for kind in ("clip", "recording", "picture"):
        page.get_by_label("Kind").select_option(kind)
        card = page.get_by_role("list", name="Recordings").get_by_role("button").first
        card.click()
        shown = page.locator("dialog video, dialog img.shown")
        expect(shown).to_be_visible()
        page.wait_for_function("e => e.naturalWidth > 0 || e.videoWidth > 0", arg=shown.element_handle())
        page.get_by_role("button", name="Close").click()


def faults(page, url, name):
    """What is wrong with a camera, and that it is over, has the picture in which it was seen."""
    enter(page, url, "#/events")
    page.get_by_label("Kind").select_option("fault")
    for words, event in (("covered", "fault"), ("recovered from covered", "recovered")):
        entry = page.locator(".event", has_text=re.compile(f"^{words}"))
        expect(entry).to_have_count(1)
        # The picture is of the very frame in which it was noticed. Until that is there, the nearest one is shown.
        said, own, until = [], None, time.monotonic() + PATIENCE_MS / 1000
        while own is None:
            assert time.monotonic() < until, said
            said = page.request.get(f"{url}v1/files?kind=picture").json()["files"]
            own = next((file["id"] for file in said if file["facts"].get("event") == event), None)
            page.wait_for_timeout(200)
        image = entry.locator(f'button.thumbnail img[src="v1/pipelines/{name}/files/{own}"]')
        expect(image).to_have_count(1)
        image.scroll_into_view_if_needed()
        page.wait_for_function("image => image.naturalWidth > 0", arg=image.element_handle())
        entry.locator("button").click()
        large = page.locator("dialog img.shown")
        expect(large).to_be_visible()
        page.wait_for_function("image => image.naturalWidth > 0", arg=large.element_handle())
        page.get_by_role("button", name="Close").click()


def sign_in(page, url, viewer, operator, name):
    """Without a token there is nothing to see; a viewer sees and changes nothing; an operator may; signing out ends it."""
    page.goto(url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert page.get_by_role("navigation").count() == 0
    field = page.get_by_label("Token")
    expect(field).to_be_focused()
    field.fill("wrong")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not known")
    field.fill(viewer)
    field.press("Enter")
    expect(page.locator("#role")).to_have_text("viewer")
    page.goto(f"{url}#/pipelines/{name}")
    expect(page.get_by_role("region", name="Graph of stages").get_by_role("listitem").first).to_be_visible()
    assert page.get_by_role("button", name="Stop", exact=True).count() == 0
    assert page.locator(".option input:enabled").count() == 0
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.get_by_label("Token").fill(operator)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    page.reload()
    expect(page.locator("#role")).to_have_text("operator")
    # The service forgets the session: the page says so by itself.
    page.context.clear_cookies()
    page.goto(url + "#/events")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def keyboard(page, url, stream):
    """With the Tab key alone: past the bar to a camera, into it, and its picture's zones."""
    enter(page, url)
    expect(tile(page, stream)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to content")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_class(re.compile("tile"))
    while stream not in page.locator(":focus").inner_text():
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    expect(page.get_by_role("heading", level=1)).to_have_text(stream)
    expect(page.get_by_role("button", name="Add zone")).to_be_visible()
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.textContent || document.activeElement.id"))
    assert any("Edit" in text for text in seen) and any("Add zone" in text for text in seen), seen


def accessible(page, url, *views):
    """axe finds nothing, in no view, light or dark, wide or narrow; nothing is wider than the window."""
    from axe_playwright_python.sync_playwright import Axe
    axe, problems = Axe(), []
    for scheme in ("light", "dark"):
        for width in (1400, 390):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 844})
            for view in views:
                enter(page, url, view)
                expect(page.get_by_role("heading", level=1)).to_be_visible()
                if "/camera/" in view or view == "#/":
                    expect(page.locator(".frame.live").first).to_be_visible()
                if "/pipelines" in view:
                    expect(page.locator(".stage").first).to_be_visible()
                for found in axe.run(page).response["violations"]:
                    problems.append(f"{scheme} {width} {view}: {found['id']}: {found['help']}: "
                                    f"{[node['target'] for node in found['nodes']][:3]}")
                over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                if over > 0:
                    problems.append(f"{scheme} {width} {view}: {over} pixels wider than the window")
    assert not problems, "\n".join(problems)


CHECKS = {check.__name__: check for check in
          (cameras, pipeline, threshold, shapes, events, faults, sign_in, keyboard, accessible)}


def main(browser, url, check, *arguments):
    problems = []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-dev-shm-usage"])
        with contextlib.closing(started):
            page = started.new_page(viewport={"width": 1400, "height": 900})
            page.set_default_timeout(PATIENCE_MS)
            page.on("pageerror", lambda error: problems.append(f"error of the page: {error}"))
            page.on("console", lambda message: problems.append(f"console: {message.text} ({message.location['url']})")
                    if message.type == "error" and "status of 4" not in message.text else None)
            try:
                CHECKS[check](page, url, *arguments)
            except (AssertionError, Error) as error:
                problems.append(f"{check}: {error}")
    print("\n".join(problems), end="")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
