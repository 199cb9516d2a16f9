"""Takes the README's pictures: a boot under way, light, and its end on a phone, dark."""

import json
import shutil
import subprocess
import unittest

from harness import ROOT, BrowserTest

FOLDER = ROOT / "Sources/PreviewCore/PreviewCore.docc/Resources"
# A build that takes long enough for a picture.
BUILD = "node -e \"console.log('Building…'); setTimeout(() => console.log('Built'), 4000)\""
MOST_BYTES = 120_000


class Pictures(BrowserTest):
    def test_take(self):
        self.make_repository()
        server = self.serve()
        page = self.open(server, color_scheme="light")
        page.set_viewport_size({"width": 1200, "height": 1140})
        for number in (1, 2, 3):
            self.execute(page, number)
            self.go_on(page)
        self.click(page, "Execute Step 4")
        page.locator(".line", has_text="Building…").first.wait_for()
        page.locator(".badge").get_by_text("2s").wait_for()
        page.evaluate("scrollTo(0, 0)")
        self.take(page, "page.png")

        page.get_by_text("Setup Complete! 🎉").wait_for()
        page.locator(".previews .machine", has_text="running").wait_for()
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 360, "height": 780})
        page.evaluate("""() => document.querySelector("incremental-machine-setup").shadowRoot
          .querySelector(".completion").scrollIntoView({ block: "end", behavior: "instant" })""")
        page.mouse.wheel(0, 60)
        page.wait_for_timeout(300)
        self.take(page, "page-phone.png")

    def make_repository(self):
        shutil.copytree(ROOT / "examples/node", self.project.folder, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("expected", ".preview"))
        manifest = json.loads((self.project.folder / "package.json").read_text())
        manifest["scripts"]["build"] = BUILD
        self.project.write("package.json", json.dumps(manifest, indent=2))
        for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "Say hello"],
                      ["remote", "add", "origin", "https://github.com/example/node"]):
            subprocess.run(["git", *words], cwd=self.project.folder, check=True,
                           env=self.project.environment)

    def take(self, page, name):
        page.screenshot(path=FOLDER / name)
        subprocess.run(["pngquant", "--force", "--ext", ".png", "--strip", FOLDER / name], check=True)
        self.assertLess((FOLDER / name).stat().st_size, MOST_BYTES, name)


if __name__ == "__main__":
    unittest.main()
