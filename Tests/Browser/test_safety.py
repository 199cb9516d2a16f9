"""What a repository says is text, and what is secret stays where it is."""

import unittest

from harness import BrowserTest

HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>"


class Safety(BrowserTest):
    def test_hostile_output(self):
        """Markup in the output of a build is text: nothing of it becomes an element or runs."""
        self.expected_statuses.add(500)
        self.project.write("hostile.txt", HOSTILE + "\n")
        self.project.make_app("cat hostile.txt; cat hostile.txt >&2; exit 3")
        page = self.open(self.serve())
        for number in (1, 2, 3):
            self.execute(page, number)
            self.go_on(page)
        self.click(page, "Execute Step 4")
        self.await_status(page, 4, "error")
        page.locator(".line", has_text=HOSTILE).first.wait_for()
        self.assertIn(HOSTILE, self.step(page, 4).locator(".failure").inner_text())
        self.assertEqual(page.locator(".line *:not(.time), .failure img, .failure script").count(), 0)
        self.assertIsNone(page.evaluate("window.hacked ?? null"))

    def test_hostile_names(self):
        """Names and addresses that a call brings are text on the page, too."""
        self.project.make_site()
        server = self.serve()
        page = self.open(server)
        page.get_by_label("Project", exact=True).fill(HOSTILE)
        self.click(page, "Show the steps")
        page.locator(".previews li", has_text="<script>").first.wait_for()
        self.assertIsNone(page.evaluate("window.hacked ?? null"))

    def test_policy(self):
        """The page may run nothing but its own modules: a script or style put into it does not count."""
        self.project.make_site()
        page = self.open(self.serve())
        self.button(page, "Execute Step 1").wait_for()
        page.evaluate("""() => {
          const script = document.createElement("script");
          script.textContent = "window.hacked = 1";
          document.body.append(script);
          document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.hacked = 2'>");
        }""")
        page.wait_for_function("document.images.length > 1 && [...document.images].every(i => i.complete)")
        self.assertIsNone(page.evaluate("window.hacked ?? null"))
        self.assertTrue(any("Content Security Policy" in text for text in self.complaints))
        self.complaints.clear()

    def test_secrets(self):
        """Neither the token nor a secret is in the address, the page, its storage or its log."""
        self.project.make_app("echo built with $API_KEY", "secrets: [API_KEY]\n")
        secret = "canary-5f0c2d9e71"
        server = self.serve(API_KEY=secret)
        page = self.open(server)
        answers = []
        page.on("response", lambda answer: answers.append(answer.url))
        self.set_up(page)
        self.assert_log(page, "Setup completed successfully!")
        shown = page.content() + page.evaluate(
            "() => document.querySelector('incremental-machine-setup').shadowRoot.innerHTML"
            " + JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie,"
            " location.href])")
        for hidden in (secret, server.token):
            self.assertNotIn(hidden, shown)
            self.assertNotIn(hidden, server.said())
            self.assertNotIn(hidden, "".join(answers))
        cookie = page.context.cookies()[0]
        self.assertTrue(cookie["httpOnly"] and cookie["sameSite"] == "Strict")


if __name__ == "__main__":
    unittest.main()
