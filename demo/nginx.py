"""Becomes an nginx that passes everything on. nginx.py --port N --upstream N --directory DIR"""

import argparse
import os
import pathlib
import shutil
import sys

import lifetime

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--upstream", type=int, required=True)
arguments.add_argument("--directory", type=pathlib.Path, required=True, help="where it may write")
options = arguments.parse_args()

directory = options.directory.resolve()
text = (pathlib.Path(__file__).resolve().parent / "nginx.conf").read_text()
for name, value in (("PORT", options.port), ("UPSTREAM", options.upstream), ("DIRECTORY", directory)):
    text = text.replace(f"@{name}@", str(value))
configuration = directory / "nginx.conf"
configuration.write_text(text)

# Debian keeps it in sbin, which an ordinary user's PATH leaves out.
program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
if program is None:
    sys.exit("nginx is not installed (apt-get install nginx)")
lifetime.end_with_parent()
os.execv(program, ["nginx", "-p", str(directory), "-c", str(configuration), "-e", str(directory / "error.log")])
