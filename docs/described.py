"""What ``docs/cli.md`` says beside the help: the JSON of each verb, the environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Printed:
    """What a verb prints with ``--json``: the fields of classes, then keys of its own.

    Each class is ``path.py:Name``. ``note`` says how the objects are nested, where they are.
    """

    classes: tuple[str, ...] = ()
    keys: Mapping[str, str] | None = None
    note: str = ""


RUN_KEYS = {
    "run": "name of the run",
    "recipe": "name of its recipe",
    "seed": "`train.seed`",
    "started": "instant in UTC",
    "commit": "commit of the code, or null outside a repository",
    "corpus_hash": "digest of the corpus trained on",
    "step": "optimiser steps done",
    "steps": "optimiser steps of the whole run",
    "reward": "newest mean reward, or null",
}

ENVIRONMENT_KEYS = {
    "folder": "the folder written",
    "files": "names of the files in it",
    "questions": "number of questions in it",
}

MATTER = ("agent/matters/records.py:MatterRecord", "agent/matters/records.py:CaseFrame")

TRACE = (
    "Trace",
    "ClosestProvision",
    "GoverningDate",
    "LookedAt",
    "Turn",
    "ToolCall",
    "Draft",
    "Sentence",
    "DraftCitation",
    "Finding",
    "Answer",
    "AnswerSentence",
    "Abstention",
    "RunSettings",
)

JSON: dict[str, Printed] = {
    "alerts": Printed(
        ("agent/matters/alerts.py:Alert", "agent/matters/standing.py:Change"),
        {
            "alerts": "the alerts",
            "words": "what changed, in a sentence",
            "problems": "why alerts were not sent, a sentence each",
        },
        note="`alerts` holds the first, each with `words`; `change` is the second, `citation` a "
        "citation as in a trace.",
    ),
    "after g2d": Printed(
        (
            "rl/after_run/g2d/distil.py:G2dReport",
            "rl/after_run/g2d/pairs.py:PairTally",
            "rl/after_run/g2d/dpo.py:DpoCurve",
            "rl/after_run/guard.py:Scored",
        ),
        note="`tally` is the second, `curve` the third, `scores` hold the fourth.",
    ),
    "after relex": Printed(
        (
            "rl/after_run/relex/extrapolate.py:RelexReport",
            "rl/after_run/relex/explained.py:LineFit",
            "rl/after_run/guard.py:Scored",
        ),
        note="`tensors` and `together` hold the second, `candidates` the third.",
    ),
    "ask": Printed(
        tuple(f"agent/trace.py:{name}" for name in TRACE),
        note="One trace; the other objects stand in it. A thread that waits for a date prints "
        "`thread` and `missing` instead.",
    ),
    "bench agent": Printed(
        ("eval/bench/agent.py:Round",), {"ratio": "graph time over bare time"}, "One per round."
    ),
    "bench methods": Printed(("eval/bench/methods.py:MethodCost",), note="One per set of methods."),
    "bench probes": Printed(
        ("eval/bench/probes.py:ProbeReport", "eval/bench/probes.py:ProbeQuality")
    ),
    "bench ranking": Printed(
        ("eval/bench/ranking.py:Quality",),
        note="Nested: question set, searcher, language (`all` too), then the measures.",
    ),
    "bench retrieval": Printed(("eval/bench/retrieval.py:Report",)),
    "bench rollout": Printed(
        ("eval/bench/rollout.py:RolloutSpeed", "eval/bench/rollout.py:CallSpeed"),
        note="One object: `rollouts` holds the first, `tool calls, all different` and "
        "`tool calls, groups of 8 alike` the second.",
    ),
    "bench rounds": Printed(("eval/bench/methods.py:MethodCost",), note="One per set of methods."),
    "bench train-step": Printed(("eval/bench/train_step.py:StepReport",)),
    "bench transport": Printed(
        ("eval/bench/sinkhorn_convergence.py:Convergence",), note="One per line."
    ),
    "bench weights": Printed(("eval/bench/ranking.py:Chosen",)),
    "control eval": Printed(
        (
            "eval/control.py:ControlScores",
            "eval/control.py:ArmScores",
            "eval/metrics.py:Score",
        ),
        note="`arms` hold the second, whose scores are the third.",
    ),
    "control train": Printed(
        ("rl/control/train.py:ControlReport", "agent/policies/control/learnt.py:ControllerCard"),
        note="`card` is the second.",
    ),
    "corpus report": Printed(("corpus/act_report.py:ActReport",), note="Under `acts`."),
    "compare": Printed(
        (
            "retrieval/citations/comparisons.py:Comparison",
            "corpus/compare.py:Redline",
            "corpus/model.py:SourceRead",
        ),
        note="`provision` and `number` are a `Redline` each, or null.",
    ),
    "eval baselines": Printed(
        ("eval/metrics.py:Score",), note="Nested: baseline (`oracle`, `newest_text`), then family."
    ),
    "eval claims": Printed(
        (
            "eval/claims/measure.py:Finding",
            "eval/claims/measure.py:Arm",
            "eval/claims/label_curve.py:LabelNeed",
        ),
        note="A list of findings; `--tabular` prints `processes`, `steps`, `broken`, `nearest`; "
        "`relex` one `Extrapolations` of `eval/claims/extrapolation.py`.",
    ),
    "eval ledger": Printed(
        ("eval/claims/ledger.py:Judged", "eval/claims/ledger.py:LedgerRow"),
        note="One object per row.",
    ),
    "eval answers": Printed(
        ("eval/suites/answers.py:AnswerReport", "eval/suites/answers.py:AnswerScores"),
        note="`groups` are by `all`, style, language, and both.",
    ),
    "eval policy": Printed(
        (
            "eval/suites/policy.py:PolicyScores",
            "eval/suites/temporal.py:TemporalScores",
            "eval/suites/abstention.py:AbstentionScores",
            "eval/suites/effort.py:EffortScores",
            "eval/suites/means.py:ScorerMean",
        ),
        note="Of the first kind, which holds one of each of the others.",
    ),
    "eval run": Printed(
        ("eval/checkpoint_evaluation.py:CheckpointScores",), note="Nested: run, then stage."
    ),
    "index build": Printed(keys={"rows": "rows written; 0 where nothing had to be done"}),
    "index status": Printed(
        ("retrieval/query.py:IndexStatus",),
        {"current": "whether it holds the store's present state"},
    ),
    "index verify": Printed(("retrieval/index_check.py:Verification",)),
    "ingest": Printed(
        ("corpus/ingest.py:IngestReport", "corpus/act_report.py:ActReport"),
        note="`acts` holds the second.",
    ),
    "law": Printed(("retrieval/citations/law_answers.py:LawAnswer",)),
    "versions": Printed(
        (
            "retrieval/citations/law_answers.py:VersionsAnswer",
            "retrieval/citations/law_answers.py:VersionLine",
            "retrieval/citations/law_answers.py:NumberLine",
            "retrieval/citations/law_answers.py:OtherStanding",
        )
    ),
    "labels status": Printed(
        (
            "rl/annotation/queue/agreement.py:ProjectStatus",
            "rl/annotation/queue/labels.py:Progress",
            "rl/annotation/queue/agreement.py:Agreement",
        ),
        note="One line per project.",
    ),
    "model list": Printed(
        ("agent/models/catalogue.py:ModelSpec",),
        {"ready": "whether it is prepared", "source": "where its files came from, or null"},
        "One per model.",
    ),
    "model prepare": Printed(
        ("agent/models/catalogue.py:ModelSpec",),
        {"source": "where its files came from, or null"},
    ),
    "matters list": Printed(
        MATTER,
        note="Under `matters`; `frame` is the second.",
    ),
    "matters show": Printed(
        (
            "agent/matters/records.py:Contents",
            "agent/matters/records.py:Note",
            "agent/matters/records.py:FiledQuestion",
        ),
        note="`matter` is one as of `matters list`; `notes` and `questions` hold the others.",
    ),
    "matters new": Printed(
        ("agent/matters/records.py:MatterRecord", "agent/matters/records.py:CaseFrame")
    ),
    "matters rename": Printed(
        ("agent/matters/records.py:MatterRecord", "agent/matters/records.py:CaseFrame")
    ),
    "matters refer": Printed(
        ("agent/matters/records.py:MatterRecord", "agent/matters/records.py:CaseFrame")
    ),
    "matters archive": Printed(
        ("agent/matters/records.py:MatterRecord", "agent/matters/records.py:CaseFrame")
    ),
    "matters share": Printed(
        ("agent/matters/records.py:MatterRecord", "agent/matters/records.py:CaseFrame")
    ),
    "matters delete": Printed(("agent/matters/deletion.py:Deletion",)),
    "questions make": Printed(("corpus/questions/question.py:Tally",)),
    "questions show": Printed(note="One question per line, as [questions.md](questions.md) says."),
    "questions stats": Printed(("corpus/questions/question.py:Tally",)),
    "replay": Printed(
        ("agent/graph/replay.py:Replay", "agent/graph/replay.py:Drift"),
        {"same": "whether nothing differs"},
    ),
    "rescore": Printed(("rl/rewards/rescore.py:Rescored", "rl/rewards/rescore.py:Drift")),
    "audit": Printed(("agent/audit.py:AuditLine",), note="Under `lines`."),
    "forget": Printed(("agent/retention.py:Forgotten",)),
    "people list": Printed(("agent/people.py:Person",), note="Under `people`."),
    "keys list": Printed(("agent/people_keys.py:PersonKey",), note="Under `keys`."),
    "rewards list": Printed(("rl/rewards/plugins.py:ListedReward",), note="One object per reward."),
    "environment verifiers": Printed(keys=ENVIRONMENT_KEYS),
    "environment inspect": Printed(keys=ENVIRONMENT_KEYS),
    "plugins": Printed(("rl/plugins.py:InstalledPart",)),
    "rewards try": Printed(
        ("rl/rewards/trial.py:TriedReward", "rl/rewards/trial.py:TriedRollout"),
        note="One object per reward.",
    ),
    "runs compare": Printed(
        keys={
            "runs": "names, in the order given",
            "recipe": "settings that differ: a value for each run",
            "metrics": "newest value of each metric, for each run",
        }
    ),
    "runs list": Printed(keys=RUN_KEYS, note="One per run."),
    "runs push": Printed(keys={"address": "Address of the repository."}),
    "runs pull": Printed(
        keys={
            "folder": "Folder of the model.",
            "policy": "What `--policy` or `INFORCE_POLICY` opens it by.",
        }
    ),
    "runs card": Printed(keys={"card": "File of the model card."}),
    "runs show": Printed(
        keys={**RUN_KEYS, "metrics": "newest value of each", "folder": "where the run is"}
    ),
    "history": Printed(
        (
            "corpus/reading/changes.py:ActHistory",
            "corpus/reading/changes.py:ChangeDay",
            "corpus/model.py:SourceRead",
        ),
        note="`days` holds the second.",
    ),
    "search": Printed(
        (
            "retrieval/search.py:Searched",
            "retrieval/search.py:SearchRequest",
            "retrieval/search.py:CitedLine",
            "retrieval/search.py:FoundLine",
            "retrieval/search.py:Counts",
        ),
    ),
    "searches": Printed(
        ("retrieval/saved_searches.py:SavedSearch", "retrieval/search.py:SearchRequest"),
        note="Under `searches`.",
    ),
    "works": Printed(
        (
            "corpus/reading/holdings.py:Holdings",
            "corpus/reading/holdings.py:Holding",
            "corpus/reading/act.py:Act",
            "corpus/reading/act.py:Entry",
            "corpus/model.py:SourceRead",
        ),
        note="Without ACT the first, whose `acts` hold the second; with ACT the third, whose "
        "`entries` hold the fourth.",
    ),
    "traces list": Printed(("agent/trace_store.py:TraceLine",), note="One per trace."),
    "traces show": Printed(note="The whole trace, as [`inforce ask`](#inforce-ask) prints it."),
    "train": Printed(
        keys={"run": "name of the run", "folder": "where it is"},
        note="With `--dry-run`: `recipe` as resolved, `batch`, `tokens`, `memory` in GiB, and "
        "what is `missing` here.",
    ),
}

ENVIRONMENT = {
    "INFORCE_HOME": ("folder of store, index, models, runs and claims", "`~/.inforce`"),
    "INFORCE_STORE": (
        "SQLAlchemy URL of the store: SQLite, or Postgres with `inforce[postgres]`",
        "`sqlite:///$INFORCE_HOME/store.db`",
    ),
    "INFORCE_INDEX": (
        "URL of the index, see [`inforce index`](#inforce-index)",
        "`embedded:$INFORCE_HOME/index`",
    ),
    "INFORCE_THREADS": (
        "SQLAlchemy URL of the database of threads",
        "`threads.db` beside the store; the store's database where that is Postgres",
    ),
    "INFORCE_LABELS": (
        "SQLAlchemy URL of the database of the label queue",
        "`labels.db` beside the store; the store's database where that is Postgres",
    ),
    "INFORCE_SEARCHES": (
        "SQLAlchemy URL of the database of saved searches",
        "`searches.db` beside the store; the store's database where that is Postgres",
    ),
    "INFORCE_AUDIT": (
        "SQLAlchemy URL of the database of the audit log",
        "`audit.db` beside the store; the store's database where that is Postgres",
    ),
    "INFORCE_PEOPLE": (
        "SQLAlchemy URL of the database of people, their roles and keys",
        "`people.db` beside the store; the store's database where that is Postgres",
    ),
    "INFORCE_RETENTION_DAYS": ("days after which `inforce forget` deletes questions", "never"),
    "INFORCE_SIGN_IN_CLAIM": ("claim of the sign-in provider that is a person's id", "`email`"),
    "INFORCE_SIGN_IN_HOURS": ("hours that a sign-in lasts", "12"),
    "INFORCE_LOCAL_NAME": ("name of the person who uses the app without sign-in", "`local user`"),
    "INFORCE_MATTERS": (
        "SQLAlchemy URL of the database of matters and alerts",
        "`matters.db` beside the store; the store's database where that is Postgres",
    ),
    "INFORCE_JUDGE_KEY": ("key of the endpoint of `[judge]`, sent as a bearer token", "none"),
    "INFORCE_TOOLS": ("tools of installed packages to use, divided by commas", "none"),
    "INFORCE_TRACES": (
        "SQLAlchemy URL of the database of traces",
        "`traces.db` beside the store; the store's database where that is Postgres",
    ),
    "INFORCE_API_KEYS": (
        "file of the keys of `inforce api` and `inforce mcp --http` that act as the local person",
        "none: keys of people, and this machine alone where there are no people",
    ),
    "INFORCE_PDF_FONT": (
        "TrueType font (.ttf, .ttc) embedded in a PDF for Chinese, Greek and Cyrillic",
        "fonts that the viewer supplies",
    ),
    "INFORCE_VECTORS": (
        "file in which vectors are kept, see [search](search.md)",
        "`vectors.db` in the folder of an embedded index; in `$INFORCE_HOME` for one in a cluster",
    ),
    "INFORCE_TODAY": ("current day, fixed for tests and replays", "the day in the time zone"),
    "INFORCE_TIME_ZONE": (
        "time zone whose day is today, by its IANA name; the app takes the browser's",
        "this machine's",
    ),
    "INFORCE_LANGSMITH": ("`1` lets LangSmith's own variables send traces to it", "off"),
    "INFORCE_VLLM_PYTHON": ("Python interpreter of the environment that has vLLM", "this one"),
}
FROM_FIELDS = {
    "INFORCE_ALERT_": "agent/matters/channels.py:AlertSettings",
    "INFORCE_POLICY_": "agent/policies/registry.py:PolicyChoice",
    "INFORCE_ES_": "retrieval/engines/elastic_client.py:ElasticSettings",
    "INFORCE_": "retrieval/vectors/encoder_choice.py:EncoderSettings",
}
"""Classes each field of which is one environment variable."""
