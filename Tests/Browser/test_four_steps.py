"""H1 to H10: from a checkout to a running app, one click at a time."""

import subprocess
import unittest

from harness import BrowserTest

TITLES = ["Repository Detection", "Machine Allocation", "Settings Configuration", "Repository Boot"]
DESCRIPTIONS = ["Detecting and validating the repository", "Allocating the machine",
                "Configuring environment and settings", "Cloning and booting the repository"]


class FourSteps(BrowserTest):
    def test_ten_moments(self):
        """H1 to H10, E4, E7 to E19, E22 to E24: nothing runs unasked, each step shows what it did."""
        self.project.write("index.html", "<h1>Hello from the preview</h1>")
        for words in (["init", "-q", "-b", "main", "."], ["add", "."], ["commit", "-q", "-m", "First"],
                      ["remote", "add", "origin", "https://github.com/acme/shop"]):
            subprocess.run(["git", *words], cwd=self.project.folder, check=True,
                           env=self.project.environment)
        self.project.run("init")
        server = self.serve("--local")
        page = self.open(server)

        self.assertEqual(page.get_by_role("heading", level=1).inner_text(), "Incremental Machine Setup")
        for number, (title, description) in enumerate(zip(TITLES, DESCRIPTIONS), 1):
            card = self.step(page, number)
            card.get_by_text(title).wait_for()
            self.assertEqual(card.locator(".description").inner_text(), description)
            self.assertEqual(card.locator(".sub-actions li").count(), 4)
            self.assertEqual(card.locator(".pill").inner_text(), "pending")
        self.assertNotIn("#token", page.url)
        for number in (2, 3, 4):
            self.assertEqual(self.button(page, f"Execute Step {number}").count(), 0)

        card = self.step(page, 1)
        card.get_by_text("What would change").click()
        self.assertIn("commit", card.locator(".changes").inner_text())
        self.assertFalse(any("Executing" in line for line in self.log_lines(page)))

        self.execute(page, 1)
        result = card.locator(".result").inner_text()
        self.assertIn("✓ Repository detected and validated successfully", result)
        self.assertIn("main", result)
        self.assert_log(page, "Executing Step 1: Repository Detection",
                        "✓ Step 1 completed successfully")

        self.assertEqual(self.button(page, "Execute Step 2").count(), 0, "going on is a decision")
        self.go_on(page)
        self.button(page, "Execute Step 2").wait_for()
        self.assertEqual(self.step(page, 2).locator(".pill").inner_text(), "pending")
        self.execute(page, 2)
        self.assertIn("local", self.step(page, 2).locator(".facts").inner_text())
        for number in (3, 4):
            self.go_on(page)
            self.execute(page, number)
        self.assertEqual(self.step(page, 4).get_by_role("list", name="Next Actions")
                         .get_by_role("listitem").count(), 4)

        page.get_by_text("Setup Complete! 🎉").wait_for()
        self.assert_log(page, "✓ Step 4 completed successfully", "Setup completed successfully!")
        self.assertEqual(page.get_by_role("progressbar").get_attribute("aria-valuenow"), "100")
        for icon in page.locator(".mark .icon").all():
            self.assertEqual(icon.get_attribute("aria-label"), "Completed")
        link = page.get_by_role("link", name="Open the preview")
        self.assertIn("noopener", link.get_attribute("rel"))
        with page.context.expect_page() as opened:
            link.click()
        self.assertEqual(opened.value.get_by_role("heading").inner_text(), "Hello from the preview")
        self.assertEqual(self.project.run("url").strip(), link.get_attribute("href").rstrip("/"))

    def test_frame(self):
        """N3: the preview shows in a frame, with a plain link beside it."""
        self.project.make_site()
        page = self.open(self.serve())
        self.set_up(page)
        self.click(page, "Show it here")
        inside = page.frame_locator("iframe").get_by_role("heading")
        self.assertEqual(inside.inner_text(), "Hello from the preview")
        page.get_by_role("link", name="Open it in a tab of its own").wait_for()

    def test_words_of_the_configuration(self):
        """L4: titles and descriptions of preview.yaml stand on the page."""
        self.project.make_site('steps:\n  2: { title: "Reserve a box", description: "One of ours" }\n')
        page = self.open(self.serve())
        card = self.step(page, 2)
        card.get_by_text("Reserve a box").wait_for()
        self.assertEqual(card.locator(".description").inner_text(), "One of ours")

    def test_shown_plan(self):
        """R-20: a step that would do another thing than what was shown is not run."""
        self.expected_statuses.add(409)
        self.project.make_site()
        page = self.open(self.serve())
        page.locator("button:not([aria-disabled])", has_text="Execute Step 1").wait_for()
        self.project.write("index.html", "<h1>Another page</h1>")
        self.click(page, "Execute Step 1")
        page.get_by_role("alert").get_by_text("is no longer what was shown").wait_for()
        self.assertEqual(self.step(page, 1).locator(".pill").inner_text(), "pending")
        self.execute(page, 1)


if __name__ == "__main__":
    unittest.main()
