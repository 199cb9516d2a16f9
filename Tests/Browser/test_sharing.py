"""One session for everybody who looks at it: tabs, reloads, the terminal; and none of others."""

import unittest

from harness import BrowserTest


class Sharing(BrowserTest):
    def gate(self):
        """An app whose build waits until the test lets it go on."""
        self.project.make_app(f"echo building; until [ -e {self.project.root}/gate ]; do sleep 0.05; done")
        return self.project.root / "gate"

    def test_reload(self):
        """E6, E22: a reload brings back the steps, the run under way and the whole log."""
        gate = self.gate()
        page = self.open(self.serve())
        for number in (1, 2, 3):
            self.execute(page, number)
            self.go_on(page)
        page.reload()
        for number in (1, 2, 3):
            self.await_status(page, number, "completed")
        self.click(page, "Execute Step 4")
        page.locator(".line", has_text="building").first.wait_for()
        page.reload()
        self.await_status(page, 4, "running")
        self.assert_log(page, "Executing Step 1: Repository Detection",
                        "Executing Step 4: Repository Boot", "  building")
        self.assertEqual(self.button(page, "Execute Step 4").count(), 0)
        gate.touch()
        page.get_by_text("Setup Complete! 🎉").wait_for()
        page.reload()
        page.get_by_text("Setup Complete! 🎉").wait_for()

    def test_two_tabs(self):
        """E20: a run of one tab shows in the other, which cannot start a second one."""
        gate = self.gate()
        server = self.serve()
        person = self.person()
        first = self.tab(person, f"{server.address}#token={server.token}")
        self.button(first, "Execute Step 1").wait_for()
        second = self.tab(person, server.address)
        for number in (1, 2, 3):
            self.execute(first, number)
            self.await_status(second, number, "completed")
            self.go_on(first)
        self.click(first, "Execute Step 4")
        self.await_status(second, 4, "running")
        second.locator(".line", has_text="building").first.wait_for()
        for number in (1, 2, 3, 4):
            self.assertEqual(self.button(second, f"Execute Step {number}").count(), 0)
        gate.touch()
        for page in (first, second):
            page.get_by_text("Setup Complete! 🎉").wait_for()
        begun = [line for line in self.log_lines(second) if "Executing Step 4" in line]
        self.assertEqual(len(begun), 1)

    def test_terminal_and_page(self):
        """Step 1 in the terminal, the rest by clicks: one session, one log."""
        self.project.make_site()
        page = self.open(self.serve())
        self.button(page, "Execute Step 1").wait_for()
        self.project.run("apply", "--step", "1", "--yes")
        self.await_status(page, 1, "completed")
        self.assert_log(page, "✓ Step 1 completed successfully")
        for number in (2, 3):
            self.click(page, "Continue to Next Step")
            self.execute(page, number)
        self.project.run("apply", "--yes")
        page.get_by_text("Setup Complete! 🎉").wait_for()

    def test_two_users(self):
        """C11: two users of one server see their own previews, and nothing of each other."""
        self.expected_statuses.add(404)
        self.project.make_site()
        tokens = [self.project.run("token", "create", "--user", name).strip() for name in ("ada", "bob")]
        server = self.serve()
        ada, bob = (self.tab(self.person(), f"{server.address}#token={token}") for token in tokens)
        self.execute(ada, 1)
        self.button(bob, "Execute Step 1").wait_for()
        self.assertEqual(self.step(bob, 1).locator(".pill").inner_text(), "pending")
        self.assertFalse(any("Executing" in line for line in self.log_lines(bob)))
        for page in (ada, bob):
            page.locator(".previews li").first.wait_for()
            self.assertEqual(page.locator(".previews li").count(), 1)
        foreign = self.tab(bob.context, server.address + "#" + ada.url.split("#")[1])
        foreign.get_by_role("alert").get_by_text("there is no such session").wait_for()
        self.assertNotIn(server.session(tokens[0])["flyAppName"], foreign.content())


if __name__ == "__main__":
    unittest.main()
