"""``cloudlings course``: an nbgrader course of the labs, for an instructor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

GROUP = "course"
app = typer.Typer(
    help="Make an nbgrader course of the labs; grade a cohort all at once, or by nbgrader's own commands."
)

Course = Annotated[Path, typer.Option("--course", help="the course's folder", file_okay=False)]


@app.command()
def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="the course's folder; its name is the course's id")
    ],
    lab: Annotated[list[str] | None, typer.Option(help="a lab to begin with; all of them by default")] = None,
    exchange: Annotated[
        Path | None, typer.Option(help="where students fetch and submit; DIR/exchange by default")
    ] = None,
) -> None:
    """Make an nbgrader course: its config, its source notebooks, its gradebook."""
    from cloudlings.grading.nbgrader.course import make_course
    from cloudlings.lab import Catalogue

    names = make_course(folder, Catalogue.here(), labs=lab or (), exchange=exchange)
    typer.echo(
        f"The course {folder.name} is made, with {_counted(names)}. Its secret and its gradebook are in it."
    )
    typer.echo("Next:")
    for command in (
        f"cd {folder}",
        "cloudlings course add-students students-example.csv   (a file like this, with your students)",
        f"nbgrader generate_assignment {names[0]}",
        f"nbgrader release_assignment {names[0]}",
    ):
        typer.echo(f"  {command}")


@app.command("add-labs")
def add_labs(
    labs: Annotated[list[str], typer.Argument(metavar="LAB...", help="labs to add, or to build again")],
    course: Course = Path(),
) -> None:
    """Write labs into the course's source folder, as they are now."""
    from cloudlings.grading.nbgrader import course as courses
    from cloudlings.lab import Catalogue

    with courses.gradebook(course.absolute()):
        names = courses.add_labs(course.absolute(), Catalogue.here(), labs)
    for name in names:
        typer.echo(f"source/{name}/{name}.ipynb\n  Next: nbgrader generate_assignment {name} --force")


@app.command("add-students")
def add_students(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV with a column id; students-example.csv shows it")
    ],
    course: Course = Path(),
) -> None:
    """Put the students of a file into the gradebook."""
    from cloudlings.grading.nbgrader import course as courses

    students = courses.read_students(file)
    courses.add_students(course.absolute(), students)
    typer.echo(
        f"{len(students)} students are in the gradebook. Each one joins at home with: cloudlings join ID"
    )


@app.command()
def grade(
    lab: Annotated[str, typer.Argument(metavar="LAB")],
    student: Annotated[
        list[str] | None, typer.Option("--students", help="only this student; give it again for more")
    ] = None,
    workers: Annotated[int, typer.Option(help="how many submissions at a time on this machine", min=1)] = 2,
    scheduler: Annotated[
        str, typer.Option(help="a running Dask scheduler's address instead: tcp://HOST:8786")
    ] = "",
    resume: Annotated[
        bool, typer.Option("--resume", help="keep what was graded already and has not changed")
    ] = False,
    trust: Annotated[
        bool,
        typer.Option(
            "--trust-submissions", help="run students' code unboxed, as you: it can do what you can"
        ),
    ] = False,
    course: Course = Path(),
) -> None:
    """Grade all submissions of a lab at once, into nbgrader's gradebook."""
    from cloudlings.cli._cohort import show_run
    from cloudlings.grading.cohort.grade import Options, grade

    options = Options(tuple(student or ()), workers, scheduler, resume, trust)
    if trust:
        typer.secho(
            "Students' code runs WITHOUT A BOX, with your rights: it can read and change your files.",
            fg="red",
            err=True,
        )
    if not show_run(grade(course, lab, options), lab):
        raise typer.Exit(1)


def _counted(names: tuple[str, ...]) -> str:
    return f"{len(names)} labs" if len(names) != 1 else "1 lab"
