"""The smallest Flask application, for gunicorn: flask_app:application."""

import flask

application = flask.Flask("bench")


@application.route("/")
def hello() -> str:
    return "hello"
