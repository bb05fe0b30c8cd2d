"""``cloudlings course``: an nbgrader course of the labs, for an instructor."""

from __future__ import annotations

import contextlib
import gc
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
    db: Annotated[
        str,
        typer.Option(
            metavar="URL", help="a database for the gradebook: postgresql+psycopg://NAME@HOST/DATABASE"
        ),
    ] = "",
) -> None:
    """Make an nbgrader course: its config, its source notebooks, its gradebook."""
    from cloudlings.grading.nbgrader.course import make_course
    from cloudlings.lab import Catalogue

    names = make_course(folder, Catalogue.here(), labs=lab or (), exchange=exchange, db_url=db)
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
    from cloudlings.grading.cohort import cluster
    from cloudlings.grading.isolation.lanes import lanes

    if trust:
        typer.secho(
            "Students' code runs WITHOUT A BOX, with your rights: it can read and change your files.",
            fg="red",
            err=True,
        )
    gc.disable()
    with contextlib.nullcontext() if trust or scheduler else lanes() as zygote:
        # It starts, as the workers do, while this process imports what it needs itself.
        if not scheduler:
            cluster.begin()
        from cloudlings.cli._cohort import show_run
        from cloudlings.grading.cohort.grade import Options, grade

        options = Options(tuple(student or ()), workers, scheduler, resume, trust)
        good = show_run(grade(course, lab, options, zygote), lab)
    # Python looks through all that there is when it ends, which takes longer than a submission.
    gc.freeze()
    if not good:
        raise typer.Exit(1)


@app.command()
def worker(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="the scheduler: tcp://HOST:8786")],
    workers: Annotated[int, typer.Option(help="how many submissions at a time on this machine", min=1)] = 2,
    name: Annotated[str, typer.Option(help="its name in the cluster; Dask chooses one by default")] = "",
) -> None:
    """Grade for a running Dask scheduler, on this machine; where no box can be had, it refuses."""
    from cloudlings.grading.cohort.worker import serve

    serve(address, workers, name)


@app.command()
def regrade(
    lab: Annotated[str, typer.Argument(metavar="LAB")],
    yes: Annotated[bool, typer.Option("--yes", help="write without asking")] = False,
    course: Course = Path(),
) -> None:
    """Mark a lab again from what was recorded, after a grader was mended: nobody's code runs."""
    from cloudlings.cli._cohort import show_changes
    from cloudlings.grading.cohort.regrade import regrade, write

    found = regrade(course, lab)
    show_changes(found)
    if not found.results:
        return
    if not yes and not typer.confirm(f"Write the marks of {len(found.results)} students?"):
        raise typer.Exit(1)
    for student in write(course, lab, found):
        typer.echo(f"{student}: written")


@app.command()
def report(
    lab: Annotated[str, typer.Argument(metavar="LAB")],
    csv: Annotated[Path | None, typer.Option(help="write the tasks' rows as CSV")] = None,
    json: Annotated[Path | None, typer.Option(help="write all of it as JSON")] = None,
    course: Course = Path(),
) -> None:
    """Show how a lab went: each task, the commonest near-miss, who is stuck, whose answers are not theirs."""
    from cloudlings.cli._cohort import show_report, write_report
    from cloudlings.grading.cohort.report import report

    found = report(course, lab)
    write_report(found, csv, json)
    show_report(found)


@app.command()
def export(
    labs: Annotated[list[str] | None, typer.Argument(metavar="[LAB...]")] = None,
    to: Annotated[str, typer.Option(help="csv, canvas or moodle")] = "csv",
    file: Annotated[Path | None, typer.Option(help="where to write; the terminal by default")] = None,
    course: Course = Path(),
) -> None:
    """Write the gradebook's marks as a learning platform takes them."""
    from cloudlings.grading.cohort.export import marks, written

    text = written(marks(course, labs or ()), to)
    if file is None:
        typer.echo(text, nl=False)
    else:
        file.write_text(text, newline="")
        typer.echo(f"Written to {file}.")


@app.command()
def collect(
    lab: Annotated[str, typer.Argument(metavar="LAB")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="zips and notebooks, named by student")],
    replace: Annotated[bool, typer.Option("--replace", help="new work in place of what is there")] = False,
    course: Course = Path(),
) -> None:
    """Take in a folder as a learning platform gives it: a zip or a notebook for each student."""
    from cloudlings.grading.cohort.collect import collect

    taken = collect(course, lab, folder, replace=replace)
    for each in taken:
        if each.problem:
            typer.echo(f"{each.file}: not taken: {each.problem}")
    good = sum(1 for each in taken if not each.problem)
    typer.echo(f"{good} of {len(taken)} taken into submitted/. Next: cloudlings course grade {lab}")
    if good < len(taken):
        raise typer.Exit(1)


def _counted(names: tuple[str, ...]) -> str:
    return f"{len(names)} labs" if len(names) != 1 else "1 lab"
