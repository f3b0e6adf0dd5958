"""Serves localstripe on the loopback interface only; its own command listens everywhere.

usage: serve-localstripe.py PORT
"""
import sys

from aiohttp import web
from localstripe.server import app

web.run_app(app, host='127.0.0.1', port=int(sys.argv[1]), access_log=None)
