"""For everybody: by the keyboard, on a phone, in the dark, without movement, by ear."""

import unittest

from harness import BrowserTest

# The contrast of every text on the page with what is behind it, where it is too small: WCAG 2.2 AA.
CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  canvas.canvas.width = canvas.canvas.height = 1;
  const read = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] + below[i] * (1 - top[3]));
  const parent = (element) => element.assignedSlot ?? element.parentElement ?? element.getRootNode().host;
  const behind = (element) => {
    if (!element) return [255, 255, 255];
    const color = read(getComputedStyle(element).backgroundColor);
    return color[3] === 1 ? color.slice(0, 3) : over(color, behind(parent(element)));
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const bad = [];
  const look = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) look(element.shadowRoot);
      const text = [...element.childNodes].filter((n) => n.nodeType === 3 && n.data.trim()).map((n) => n.data);
      if (!text.length || !element.checkVisibility() || element.closest(".hidden, :disabled")) continue;
      if (["SCRIPT", "STYLE", "OPTION"].includes(element.tagName)) continue;
      const style = getComputedStyle(element);
      const back = behind(element);
      const front = over(read(style.color), back);
      const [a, b] = [luminance(front), luminance(back)].sort((x, y) => y - x);
      const size = parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
      const ratio = (a + 0.05) / (b + 0.05);
      if (ratio < (isLarge ? 3 : 4.5)) bad.push(`${ratio.toFixed(2)} ${text.join(" ").trim().slice(0, 50)}`);
    }
  };
  look(document);
  return bad;
}"""

# Everything that can be operated and has no name to call it by.
NAMELESS = """() => {
  const nameless = [];
  const look = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) look(element.shadowRoot);
      if (!element.matches("button, a[href], input, select, summary, iframe")) continue;
      const name = element.getAttribute("aria-label") || element.innerText?.trim() ||
        element.labels?.[0]?.innerText || element.title;
      if (!name) nameless.push(element.outerHTML);
    }
  };
  look(document);
  return nameless;
}"""


class Access(BrowserTest):
    def tab_to(self, page, name):
        """Presses the tab key until the element of that name has the focus."""
        for _ in range(60):
            page.keyboard.press("Tab")
            focused = page.evaluate("""() => {
              let element = document.activeElement;
              while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
              return element.ariaLabel || element.innerText || "";
            }""")
            if focused.strip() == name:
                return
        self.fail(f"the tab key does not lead to {name}")

    def test_keyboard(self):
        """The whole set-up by the keyboard alone, from the address to the open preview."""
        self.project.make_site()
        page = self.open(self.serve())
        for number in (1, 2, 3, 4):
            page.locator("button:not([aria-disabled])", has_text=f"Execute Step {number}").wait_for()
            if number == 1:
                self.tab_to(page, f"Execute Step {number}")
            page.keyboard.press("Enter")
            self.await_status(page, number, "completed")
            if number < 4:
                self.tab_to(page, "Continue to Next Step")
                # Going on moves the focus to the next step's button.
                page.keyboard.press("Enter")
        page.get_by_text("Setup Complete! 🎉").wait_for()
        # The end has the focus: what comes next is the link.
        self.tab_to(page, self.project.run("url").strip())
        with page.context.expect_page() as opened:
            page.keyboard.press("Enter")
        self.assertEqual(opened.value.get_by_role("heading").inner_text(), "Hello from the preview")

    def test_status_is_announced(self):
        """E12, E21: who cannot see the page hears each change of a step."""
        self.expected_statuses.add(500)
        self.project.make_site("path: web\n")
        page = self.open(self.serve())
        status = page.locator("incremental-machine-setup [role=status].hidden").first
        self.click(page, "Execute Step 1")
        page.wait_for_function(
            "() => document.querySelector('incremental-machine-setup').shadowRoot"
            ".querySelector('[role=status]').textContent.includes('Repository Detection: error')")
        self.assertIn("Step 1", status.inner_text())
        self.assertEqual(page.get_by_role("alert").filter(visible=True).count(), 1)

    def test_phone(self):
        """E25: 360 pixels are enough, in every state, without scrolling sideways."""
        self.project.make_site('env: { LONG: "' + "x" * 300 + '" }\n')
        page = self.open(self.serve(), color_scheme="dark")
        page.set_viewport_size({"width": 360, "height": 740})
        for number in (1, 2, 3, 4):
            if number > 1:
                self.go_on(page)
            page.locator("button:not([aria-disabled])", has_text=f"Execute Step {number}").wait_for()
            self.assert_narrow(page)
            self.execute(page, number)
        page.get_by_text("Setup Complete! 🎉").wait_for()
        for details in page.locator("details:not([open])").element_handles():
            details.query_selector("summary").click()
        self.assert_narrow(page)
        for button in page.locator("button:visible, a.button:visible").all():
            self.assertGreaterEqual(button.bounding_box()["height"], 24, "room for a finger")

    def assert_narrow(self, page):
        widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        self.assertLessEqual(widths[0], widths[1])

    def test_contrast(self):
        """All texts have the contrast of AA, light and dark, while it runs and when it fails."""
        self.expected_statuses.add(500)
        gate, cure = (self.project.root / name for name in ("gate", "cure"))
        self.project.make_app(f"until [ -e {gate} ]; do sleep 0.05; done; [ -e {cure} ]")
        page = self.open(self.serve(), reduced_motion="reduce")
        for number in (1, 2, 3):
            self.assert_readable(page, f"before step {number}")
            self.execute(page, number)
            self.go_on(page)
        self.click(page, "Execute Step 4")
        page.locator(".phases [data-state=running]", has_text="build").wait_for()
        self.assert_readable(page, "while it runs")
        gate.touch()
        self.await_status(page, 4, "error")
        page.locator("button:not([aria-disabled])", has_text="Retry").wait_for()
        self.assert_readable(page, "after a failure")
        cure.touch()
        page.locator("button:not([aria-disabled])", has_text="Retry").click()
        page.get_by_text("Setup Complete! 🎉").wait_for()
        self.assert_readable(page, "at the end")
        self.assertEqual(page.evaluate(NAMELESS), [])

    def assert_readable(self, page, when):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            self.assertEqual(page.evaluate(CONTRAST), [], f"{when}, {scheme}")

    def test_reduced_motion(self):
        """Who wants nothing to move sees nothing move."""
        self.project.make_app(f"until [ -e {self.project.root}/gate ]; do sleep 0.05; done")
        page = self.open(self.serve(), reduced_motion="reduce")
        for number in (1, 2, 3):
            self.execute(page, number)
            self.go_on(page)
        self.click(page, "Execute Step 4")
        loader = page.locator(".badge .icon-loader")
        self.assertEqual(loader.evaluate("e => getComputedStyle(e).animationName"), "none")
        (self.project.root / "gate").touch()
        page.get_by_text("Setup Complete! 🎉").wait_for()

    def test_log(self):
        """E22, I1, I4, S18: levels by word and colour; the log can be paused, filtered and cleared."""
        self.project.make_app("echo built")
        page = self.open(self.serve())
        for number in (1, 2, 3):
            self.execute(page, number)
            self.go_on(page)
        self.click(page, "Pause")
        self.execute(page, 4)
        page.get_by_text("new lines").wait_for()
        self.assertFalse(any("Executing Step 4" in line for line in self.log_lines(page)))
        self.click(page, "Resume")
        self.assert_log(page, "Executing Step 4: Repository Boot", "  built",
                        "Setup completed successfully!")
        warning = page.locator(".line.warning").first
        self.assertIn("Warning: ", warning.inner_text())
        colours = [page.locator(selector).first.evaluate("e => getComputedStyle(e).color")
                   for selector in (".line.warning", ".line.good", ".line.info", ".time")]
        self.assertEqual(len(set(colours)), 4)
        page.get_by_label("Lines to show").select_option("Warnings and errors")
        self.assertFalse(page.locator(".line.info").first.is_visible())
        self.assertTrue(warning.is_visible())
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.click(page, "Copy the log")
        page.locator(".log-tools").get_by_text("Copied").wait_for()
        self.assertIn("Executing Step 1: Repository Detection",
                      page.evaluate("navigator.clipboard.readText()"))
        self.click(page, "Clear the log")
        page.get_by_text("Waiting for setup to start...").wait_for()


if __name__ == "__main__":
    unittest.main()
