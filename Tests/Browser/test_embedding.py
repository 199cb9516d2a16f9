"""`<incremental-machine-setup>` on a page of another origin, and the client module in a browser."""

import json
import unittest

from harness import BrowserTest

PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Portal</title>
<script type="module" src="{server}/embed.js"></script></head>
<body><h1>Portal</h1><div id="place"></div></body></html>
"""

# What the page allows: modules and calls of the server, and not a single style.
POLICY = "default-src 'none'; script-src {server}; connect-src {server}"

EMBED = """([attributes, names]) => {
  window.told = [];
  for (const name of names) {
    document.addEventListener(name, ({ detail }) => window.told.push({ name, ...detail }));
  }
  const element = document.createElement("incremental-machine-setup");
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  document.getElementById("place").append(element);
}"""


class Embedding(BrowserTest):
    def embed(self, server, **attributes):
        """A page of another origin with the element on it."""
        portal = self.portal(PAGE.format(server=server.origin), POLICY.format(server=server.origin))
        server.stop()
        server = self.serve("--allow-origin", portal.origin, port=server.port,
                            PREVIEW_SERVE_TOKEN=server.token)
        page = self.tab(self.person(), portal.origin)
        given = {"access-token": server.token, **attributes}
        page.evaluate(EMBED, [given, ["setupcomplete", "setuperror"]])
        return server, page

    def told(self, page, name):
        page.wait_for_function("name => window.told.some((told) => told.name === name)", arg=name)
        return next(told for told in page.evaluate("window.told") if told["name"] == name)

    def test_foreign_page(self):
        """E1, E2: the element works under a foreign page's policy, and tells when it is complete."""
        self.project.make_site()
        server, page = self.embed(self.serve(PREVIEW_SERVE_TOKEN="a-token-of-the-test"),
                                  **{"project-id": "shop", "github-repo": "."})
        self.set_up(page)
        session = server.session()
        told = self.told(page, "setupcomplete")
        self.assertEqual(told["appName"], session["flyAppName"])
        self.assertEqual(told["previewUrl"], session["previewUrl"])
        self.assertEqual(told["session"]["id"], session["id"])
        self.assertEqual(session["githubBranch"], "main")
        card = self.step(page, 1).locator(".card")
        self.assertNotEqual(card.evaluate("e => getComputedStyle(e).borderRadius"), "0px", "styles")

    def test_foreign_error(self):
        """E3: a failed step is told with its cause, its step and its code."""
        self.expected_statuses.add(500)
        self.project.make_site("path: web\n")
        _, page = self.embed(self.serve(PREVIEW_SERVE_TOKEN="a-token-of-the-test"),
                             **{"project-id": "shop", "github-repo": "."})
        self.click(page, "Execute Step 1")
        told = self.told(page, "setuperror")
        self.assertEqual((told["step"], told["code"]), (1, "PV0210"))
        self.assertIn("web", told["message"])

    def test_wrong_token(self):
        """A wrong token is said by the element and told to its page."""
        self.expected_statuses.add(401)
        self.project.make_site()
        _, page = self.embed(self.serve(PREVIEW_SERVE_TOKEN="a-token-of-the-test"),
                             **{"project-id": "shop", "github-repo": ".", "access-token": "wrong"})
        page.get_by_role("alert").get_by_text("the token is not known here").wait_for()
        self.assertEqual(self.told(page, "setuperror")["status"], 401)

    def test_origin_that_is_not_allowed(self):
        """A page of an origin that was not allowed gets nothing, not even the module."""
        self.project.make_site()
        server = self.serve()
        portal = self.portal(PAGE.format(server=server.origin), POLICY.format(server=server.origin))
        page = self.tab(self.person(), portal.origin)
        self.assertFalse(page.evaluate("!!customElements.get('incremental-machine-setup')"))
        refused = page.evaluate("address => fetch(address).then(() => 'read', () => 'refused')",
                                server.origin + "/api/sessions")
        self.assertEqual(refused, "refused")
        self.assertTrue(self.complaints)
        self.complaints.clear()

    def test_module(self):
        """J8, F1 to F3: the client module does the same in a browser, by the page's cookie."""
        self.expected_statuses.add(409)
        self.project.make_site()
        server = self.serve()
        page = self.open(server)
        self.button(page, "Execute Step 1").wait_for()
        found = page.evaluate("""async () => {
          const service = await import("/machine-setup-service.js");
          const session = await service.initializeSetupSession("shop", ".");
          const run = await service.executeSetupStep(session.id, 1);
          const later = await service.getSetupSessionStatus(session.id);
          const order = await service.executeSetupStep(session.id, 3).catch((error) => error);
          return {
            id: session.id, status: run.stepResult.status, completed: later.completedSteps,
            error: [order.status, order.code, order.missingSteps],
            message: service.formatErrorMessage(order),
          };
        }""")
        self.assertEqual(found["id"], server.session()["id"])
        self.assertEqual((found["status"], found["completed"]), ("completed", [1]))
        self.assertEqual(found["error"], [409, "PV0601", [2]], json.dumps(found))
        self.assertTrue(found["message"])


if __name__ == "__main__":
    unittest.main()
