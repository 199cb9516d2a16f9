"""A page, a JSON answer and a page for the health check."""

import os

from flask import Flask, jsonify, render_template

app = Flask(__name__)


@app.get("/")
def index():
    return render_template(
        "index.html",
        visitors=os.environ.get("VISITORS_CALLED", "visitors"),
        branch=os.environ.get("PREVIEW_BRANCH", "no branch"),
        commit=os.environ.get("PREVIEW_COMMIT", "no commit")[:7],
    )


@app.get("/api/add/<int:a>/<int:b>")
def add(a, b):
    return jsonify(sum=a + b)


@app.get("/healthz")
def health():
    return "ok\n", 200, {"Content-Type": "text/plain"}
