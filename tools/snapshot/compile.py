"""Run by Pyodide: compile what the pages load to bytecode, without docstrings, and put it in the archive.

Docstrings are a third of the memory that SymPy takes, and nobody reads SymPy's here. A fresh Python then loads the
bytecode: in this one the compiler has left its own traces all over the memory.
"""

import importlib._bootstrap_external as bootstrap
import zipfile
import zipimport
from _imp import source_hash
from pathlib import Path

compiled = {}


def without_docstrings(path, source):
    source = source.replace(b"\r\n", b"\n")
    code = compile(source, path, "exec", dont_inherit=True, optimize=2)
    known = source_hash(bootstrap._RAW_MAGIC_NUMBER, source)
    compiled[path.removeprefix("/lib/packages.zip/")] = bytes(bootstrap._code_to_hash_pyc(code, known, checked=False))
    return code


zipimport._compile_source = without_docstrings
exec(compile(Path("/lib/preload.py").read_text(), "preload.py", "exec"), {})

with zipfile.ZipFile("/lib/packages.zip") as old, zipfile.ZipFile("/lib/made.zip", "w", zipfile.ZIP_DEFLATED) as new:
    for info in old.infolist():
        name, content = info.filename, old.read(info)
        if name in compiled:
            name, content = name + "c", compiled[name]
        made = zipfile.ZipInfo(name, info.date_time)
        made.compress_type = zipfile.ZIP_DEFLATED
        new.writestr(made, content)
