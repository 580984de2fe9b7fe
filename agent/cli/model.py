"""Command-line verbs ``model`` and ``serve-model``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from corpus.console import errors, out, print_json, progress_bar

models = typer.Typer(help="Prepare and list language models.", no_args_is_help=True)
app = typer.Typer()
app.add_typer(models, name="model")


@models.command(epilog="Example:  inforce model prepare smollm2")
def prepare(
    name: Annotated[str, typer.Argument(help="smollm2, qwen2.5-coder-1.5b or tiny.")],
    json: Annotated[bool, typer.Option("--json", help="Print one object.")] = False,
) -> None:
    """Prepare a model under INFORCE_HOME/models; run again, it checks every file's checksum."""
    from agent.models.catalogue import manifest_of
    from agent.models.prepare import prepare as run

    with progress_bar(f"Preparing {name}") as advance:
        spec = run(name, advance)
    manifest = manifest_of(spec)
    if json:
        print_json({**spec.model_dump(), "source": manifest.source if manifest else None})
    else:
        out.print(f"{spec.name} is ready: {spec.location}", soft_wrap=True)


@models.command("list", epilog="Example:  inforce model list")
def list_models(
    json: Annotated[bool, typer.Option("--json", help="Print one object per model.")] = False,
) -> None:
    """List the models that InForce can prepare, and whether they are ready."""
    from agent.models.catalogue import known_models, manifest_of

    for spec in known_models():
        manifest = manifest_of(spec)
        if json:
            source = manifest.source if manifest else None
            print_json({**spec.model_dump(), "ready": manifest is not None, "source": source})
        else:
            state = (
                spec.location if manifest else f"not prepared: inforce model prepare {spec.name}"
            )
            out.print(f"[bold]{spec.name}[/]  {spec.summary}\n  {state}", soft_wrap=True)


@app.command("serve-model", epilog="Example:  inforce serve-model smollm2 --cpu")
def serve_model(
    name: Annotated[
        str, typer.Argument(help="smollm2, qwen2.5-coder-1.5b, tiny, a folder or a hub id.")
    ],
    port: Annotated[int, typer.Option(help="Port to listen on; this machine only.")] = 8000,
    python: Annotated[
        str | None,
        typer.Option(
            envvar="INFORCE_VLLM_PYTHON",
            help="Python interpreter of the environment that has vLLM.",
        ),
    ] = None,
    adapter: Annotated[
        Path | None,
        typer.Option(help="Folder of a LoRA adapter, served as well under the folder's name."),
    ] = None,
    context: Annotated[
        int | None, typer.Option(help="Most tokens of prompt and completion together.")
    ] = None,
    cpu: Annotated[bool, typer.Option(help="Serve without a GPU.")] = False,
    training: Annotated[
        bool, typer.Option(help="Accept the newest adapter of a training run.")
    ] = False,
) -> None:
    """Serve a model with vLLM as an OpenAI-compatible endpoint; Ctrl-C ends it.

    The address is printed once the server is healthy.
    """
    import signal
    import sys

    from agent.models.catalogue import ModelError, models_home
    from agent.models.serving import Serving, last_words, served

    wanted = {"model": name, "port": port, "adapter": adapter, "context": context, "cpu": cpu}
    wanted["swappable"] = training
    if python is not None:
        wanted["python"] = python
    serving = Serving.model_validate(wanted)
    log = models_home() / f"vllm-{port}.log"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and end the server on the way out
    with errors.status(f"Starting vLLM on {name}; it writes to {log}") as status:

        def waiting(seconds: float) -> None:
            status.update(f"Starting vLLM on {name} ({seconds:.0f} s); it writes to {log}")

        with served(serving, log=log, waiting=waiting) as process:
            status.stop()
            out.print(f"{serving.served_name} is served at {serving.url}", soft_wrap=True)
            if process.wait():
                raise ModelError(f"vLLM stopped: {last_words(log)} (see {log})")
