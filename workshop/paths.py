"""Where things are in a checkout of the project."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
REPOSITORY = PACKAGE.parent
NOTEBOOKS = REPOSITORY / "notebooks"
TERRAFORM = REPOSITORY / "terraform"
LAMBDAS = REPOSITORY / "lambdas"
DIST = REPOSITORY / "dist"
