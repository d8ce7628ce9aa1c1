"""What the check scripts share: the tracked files, and C++ text without comments and strings."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Outside git (an unpacked archive) everything counts but what builds leave behind.
_GENERATED = re.compile(r"^(build[^/]*|\.cache|\.git)(/|$)")


def tracked_files():
    """Paths from the top of every tracked file that exists, in order; new files count as well."""
    # Checks also run where the tree belongs to another user, as in containers.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
               "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        paths = [path for path in listed.stdout.split("\0") if path]
    except (OSError, subprocess.CalledProcessError):
        everything = (str(path.relative_to(ROOT)) for path in ROOT.rglob("*"))
        paths = [path for path in everything if not _GENERATED.match(path)]
    return sorted(path for path in set(paths) if (ROOT / path).is_file())


def cpp_files(*folders):
    """The tracked C++ files below the given folders, or all of them."""
    prefixes = tuple(folder + "/" for folder in folders)
    return [path for path in tracked_files()
            if path.endswith((".hpp", ".cpp")) and (not prefixes or path.startswith(prefixes))]


# A quote after a digit or letter is a separator of digits.
_HIDDEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])'""",
    re.DOTALL)


def code_only(text):
    """`text` with comments and literals blanked; lines keep their numbers."""
    return _HIDDEN.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
