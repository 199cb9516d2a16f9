"""The list of my previews: look at them, start, stop and destroy them."""

import unittest

from harness import BrowserTest


class Previews(BrowserTest):
    def test_start_stop_destroy(self):
        """K8: an app is stopped, started and, after a question, destroyed from the list."""
        self.project.make_site()
        server = self.serve()
        page = self.open(server)
        self.set_up(page)
        app = server.session()["flyAppName"]
        machine = page.locator(".previews .machine")
        machine.get_by_text("running", exact=True).wait_for()
        self.click(page, f"Stop {app}")
        machine.get_by_text("stopped", exact=True).wait_for()
        self.click(page, f"Start {app}")
        machine.get_by_text("running", exact=True).wait_for()

        self.click(page, f"Destroy {app}")
        dialog = page.get_by_role("dialog", name=f"Destroy {app}?")
        self.click(page, "Keep it")
        dialog.wait_for(state="detached")
        self.assertEqual(page.locator(".previews li").count(), 1)
        self.click(page, f"Destroy {app}")
        dialog.get_by_role("button", name="Destroy", exact=True).click()
        page.get_by_text("There are none yet.").wait_for()
        page.get_by_text("This preview has been destroyed.").wait_for()
        self.assertEqual(self.project.run("list", "--json").count(app), 0)

    def test_another_branch(self):
        """The form shows another preview; each has its address, and back leads back."""
        self.project.make_site()
        page = self.open(self.serve())
        self.execute(page, 1)
        self.assertEqual(page.get_by_label("Project", exact=True).input_value(), "shop")
        page.get_by_label("Project", exact=True).fill("stall")
        self.click(page, "Show the steps")
        self.await_status(page, 1, "pending")
        page.locator(".previews li[aria-current]", has_text="stall").wait_for()
        self.assertEqual(page.locator(".previews li").count(), 2)
        page.go_back()
        self.await_status(page, 1, "completed")


if __name__ == "__main__":
    unittest.main()
