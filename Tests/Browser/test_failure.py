"""What goes wrong, and what a person can do about it."""

import unittest

from harness import BrowserTest


class Failure(BrowserTest):
    def test_failing_step_and_retry(self):
        """E16, E17, E21, I3: the error with cause, code and fix; Retry clears it."""
        self.expected_statuses.add(500)
        self.project.make_site("path: web\n")
        page = self.open(self.serve())
        self.click(page, "Execute Step 1")
        self.await_status(page, 1, "error")
        box = self.step(page, 1).locator(".failure")
        for text in ("✗ Error", "PV0210", "Fix:"):
            self.assertIn(text, box.inner_text())
        alert = page.locator(".setup-error")
        self.assertIn("Setup Error", alert.inner_text())
        self.assertEqual(alert.get_attribute("role"), "alert")
        self.assert_log(page, "Executing Step 1: Repository Detection",
                        "✗ Error: Failed to detect and validate repository")
        self.assertEqual(self.step(page, 1).locator(".mark .icon").get_attribute("aria-label"), "Failed")
        page.reload()
        self.step(page, 1).locator(".failure").get_by_text("PV0210").wait_for()

        self.project.write("web/index.html", "<h1>now there</h1>")
        page.locator("button:not([aria-disabled])", has_text="Retry").click()
        self.await_status(page, 1, "completed")
        self.assertFalse(alert.is_visible())
        self.go_on(page)
        self.execute(page, 2)

    def test_failing_boot(self):
        """I5: a build that fails shows its last lines and the command that retries."""
        self.expected_statuses.add(500)
        self.project.make_app("echo some output; echo 'no such module' >&2; exit 3")
        page = self.open(self.serve())
        for number in (1, 2, 3):
            self.execute(page, number)
            self.go_on(page)
        self.click(page, "Execute Step 4")
        self.await_status(page, 4, "error")
        box = self.step(page, 4).locator(".failure")
        # The event comes before the answer, which alone has all there is to say.
        for text in ("status 3", "no such module", "preview apply --step 4"):
            box.get_by_text(text).first.wait_for()
        self.assertEqual(page.get_by_text("Setup Complete").count(), 0)

    def test_moved_on(self):
        """F6: a step waits while what an earlier one found is no longer so; the page says which."""
        self.project.make_site()
        page = self.open(self.serve())
        self.execute(page, 1)
        self.go_on(page)
        self.project.write("index.html", "<h1>Another page</h1>")
        self.click(page, "Refresh")
        self.step(page, 2).get_by_text("Step 1 has to run again first: new commit").wait_for()
        self.assertEqual(self.button(page, "Execute Step 2").get_attribute("aria-disabled"), "true")
        self.click(page, "Run Step 1 again")
        self.execute(page, 2)

    def test_cancel(self):
        """E18: a running step shows how long it runs and can be cancelled, and resumed."""
        self.expected_statuses.add(409)
        self.project.make_app(f"until [ -e {self.project.root}/gate ]; do sleep 0.05; done")
        page = self.open(self.serve())
        for number in (1, 2, 3):
            self.execute(page, number)
            self.go_on(page)
        self.click(page, "Execute Step 4")
        badge = page.locator(".badge")
        badge.get_by_text("1s").wait_for()
        self.assertIn("Executing…", badge.inner_text())
        page.locator(".phases [data-state=running]", has_text="build").wait_for()
        self.click(page, "Cancel step 4")
        page.locator(".heading .pill:text-is('cancelled')").wait_for()
        (self.project.root / "gate").touch()
        page.locator("button:not([aria-disabled])", has_text="Retry").click()
        page.get_by_text("Setup Complete! 🎉").wait_for()

    def test_server_gone(self):
        """A server that is gone is said; when it is back, the page goes on by itself."""
        self.project.make_site()
        server = self.serve(PREVIEW_SERVE_TOKEN="a-token-of-the-test")
        page = self.open(server)
        page.locator("button:not([aria-disabled])", has_text="Execute Step 1").wait_for()
        server.stop()
        page.get_by_text("Reconnecting…").wait_for()
        self.click(page, "Execute Step 1")
        page.locator(".setup-error").get_by_text("The server cannot be reached").wait_for()
        self.serve(port=server.port, PREVIEW_SERVE_TOKEN="a-token-of-the-test")
        page.get_by_text("Live", exact=True).wait_for()
        self.click(page, "Refresh")
        self.execute(page, 1)
        self.assertFalse(page.locator(".setup-error").is_visible())
        self.complaints = [text for text in self.complaints if "net::ERR" not in text]

    def test_wrong_token(self):
        """C10: without a token, or with a wrong one, the page asks for it and shows nothing else."""
        self.expected_statuses.add(401)
        self.project.make_site()
        server = self.serve()
        page = self.tab(self.person(), server.address)
        self.button(page, "Sign in").wait_for()
        self.assertFalse(page.get_by_text("My previews").is_visible())
        page.get_by_label("Token", exact=True).fill("pvt_wrong")
        self.click(page, "Sign in")
        page.get_by_role("alert").get_by_text("the token is not known here").wait_for()
        page.get_by_label("Token", exact=True).fill(server.token)
        self.click(page, "Sign in")
        self.button(page, "Execute Step 1").wait_for()
        self.click(page, "Sign out")
        self.button(page, "Sign in").wait_for()
        page.reload()
        self.button(page, "Sign in").wait_for()

    def test_refused_repository(self):
        """A repository that the server may not preview is refused beside the form."""
        self.expected_statuses.add(403)
        self.project.make_site()
        page = self.open(self.serve())
        page.get_by_label("Repository", exact=True).fill("evil/shop")
        self.click(page, "Show the steps")
        page.get_by_role("alert").get_by_text("this server may not preview that repository").wait_for()


if __name__ == "__main__":
    unittest.main()
