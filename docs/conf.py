"""How the documentation is built; ``tools/build_docs.sh`` does it.

What the site says about magics, commands, conditions, operations and the public names is read
from the code while it is built (``_ext/generated.py``), so it can't go stale.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

from autograd_core import __version__  # noqa: E402

project = "autograd_core"
author = "the autograd_core authors"
copyright = author
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "generated",
    "tutorials",
]
exclude_patterns = ["_ext", "_static", "images"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
default_role = "py:obj"  # `name` in a docstring: a link where there is something to link to
show_warning_types = True

myst_enable_extensions = ["deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 4
html_math_renderer = "mathml"
nb_execution_mode = "off"  # shown is what is saved, which the tests compare with a fresh run
# Blocks that mix Python with a prompt or a magic are coloured as far as they can be.
suppress_warnings = [
    "misc.highlighting_failure",
    "ref.python",  # a short name of a type, as in docstrings, that several modules have
]

autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
maximum_signature_line_length = 200
python_display_short_literal_types = True
add_module_names = False
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_preprocess_types = False

html_theme = "furo"
html_title = f"autograd_core {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#9a3b00",
        "color-brand-content": "#9a3b00",
    },
    "dark_css_variables": {
        "color-brand-primary": "#f5a15c",
        "color-brand-content": "#f5a15c",
    },
}
pygments_style = "friendly"
pygments_dark_style = "monokai"
