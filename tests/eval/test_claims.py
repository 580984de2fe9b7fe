"""Claims are held against their best control, on works held out, and say when nothing is shown."""

from __future__ import annotations

import math

import pytest

from eval.claims.verdict import collapsed, paired


def test_the_interval_is_students_paired_by_seed() -> None:
    effect = paired([0.5, 0.6, 0.7], [0.4, 0.4, 0.4])
    half = 4.302652729911275 * 0.1 / math.sqrt(3)
    assert effect.mean == pytest.approx(0.2)
    assert effect.low == pytest.approx(0.2 - half)
    assert effect.high == pytest.approx(0.2 + half)


@pytest.mark.parametrize(
    ("method", "verdict"),
    [
        ([0.50, 0.51, 0.52], "better than its control"),
        ([0.30, 0.31, 0.32], "worse than its control"),
        ([0.30, 0.60, 0.45], "no difference shown"),
        ([0.5, 0.6], "no conclusion: too few seeds"),
    ],
)
def test_the_verdict_says_no_more_than_the_interval(method: list[float], verdict: str) -> None:
    assert paired(method, [0.4, 0.41, 0.42][: len(method)]).verdict == verdict


def test_one_seed_compares_nothing() -> None:
    with pytest.raises(ValueError, match="two seeds"):
        paired([0.5], [0.4])


def test_collapse_is_lost_entropy_or_lost_accuracy() -> None:
    steady = [0.5] * 60
    assert not collapsed([1.0] * 60, steady)
    assert collapsed([1.0] * 30 + [0.05] * 30, steady)
    assert collapsed([1.0] * 60, [0.9] * 30 + [0.3] * 30)
    assert not collapsed([1.0] * 60, [0.9] * 30 + [0.0] + [0.9] * 29)


# -- with torch --


@pytest.fixture(scope="module")
def lab():
    pytest.importorskip("torch", reason="needs the extra train")
    from eval.claims import lab as found

    return found


def test_the_expert_is_always_right(lab) -> None:
    for latest in (False, True):
        asked = lab.ask(200, 3, latest=latest)
        judged = lab.judge(asked, lab.expert(asked).ids)
        right = judged.outcomes != 0
        assert bool(right.all())
        assert float(judged.task.mean()) == 1


def test_the_day_of_change_belongs_to_the_new_version(lab) -> None:
    import torch

    days = torch.tensor([[3, 6, 9, day] for day in (2, 3, 5, 6, 8, 9)])
    asked = lab.LabQuestion(days, torch.zeros(6, 3).long(), torch.zeros(6).bool())
    assert asked.gold.tolist() == [0, 1, 1, 2, 2, lab.ABSTAIN]


def test_the_exact_score_is_what_sampling_measures(lab) -> None:
    import torch

    from eval.claims.lab_runs import warmed

    policy = warmed(0, 20)
    asked = lab.ask(60, 5)
    often = asked.take(torch.arange(60).repeat(100))
    written = lab.write(policy, often, torch.Generator().manual_seed(0))
    sampled = float(lab.judge(often, written.ids).task.mean())
    exact = lab.score(policy, asked, policy).accuracy
    assert abs(sampled - exact) < 4 * math.sqrt(exact * (1 - exact) / 6000) + 0.005


def test_tools_tokens_are_masked_and_log_probs_are_those_of_the_policy(lab) -> None:
    import torch

    from eval.claims.lab_runs import warmed

    policy, asked = warmed(0, 20), lab.ask(50, 6)
    written = lab.write(policy, asked, torch.Generator().manual_seed(1))
    assert float(written.mask[:, 1].sum()) == 0
    with torch.no_grad():
        logps = policy(asked, written.ids).gather(2, written.ids.unsqueeze(2)).squeeze(2)
    torch.testing.assert_close(logps * written.mask, written.logps * written.mask)


def test_every_arm_of_every_claim_runs_and_is_finite(lab) -> None:
    from eval.claims.claim_specs import claim_specs_of
    from eval.claims.lab_runs import Trial, run

    for row in claim_specs_of(None, Trial, "recipes"):
        for trial in row.trials:
            found = run(trial.model_copy(update={"rounds": 2, "warm": 20}), 0)
            assert math.isfinite(found.test.accuracy), trial.name
            assert found.test.divergence >= -1e-6


def test_a_claim_is_measured_once_and_read_from_its_journal(lab, tmp_path) -> None:
    from eval.claims import measure
    from eval.claims.claim_specs import claim_specs_of
    from eval.claims.lab_runs import Trial, run
    from eval.claims.report import LABORATORY, page

    (lampo,) = claim_specs_of("lampo", Trial, "recipes")
    quick = {"rounds": 2}
    short = lampo.model_copy(
        update={
            "arms": tuple(t.model_copy(update=quick) for t in lampo.arms),
            "controls": tuple(t.model_copy(update=quick) for t in lampo.controls),
            "references": (),
        }
    )

    def never(*_: object) -> None:
        raise AssertionError("it was run again")

    path = tmp_path / "runs.jsonl"
    path.write_text('{"key": "a run that was killed while it was wr')
    first = measure.tested(short, range(2), measure.Journal(path, run), print, lambda *_: 1.0)
    again = measure.tested(short, range(2), measure.Journal(path, never), print, lambda *_: 1.0)
    assert first == again
    assert first.control == "rloo"
    assert "no conclusion: too few seeds" in page([first], 2, LABORATORY)


def test_the_control_is_chosen_on_other_works_than_it_is_compared_on(lab) -> None:
    from eval.claims import measure
    from eval.claims.claim_specs import claim_specs_of
    from eval.claims.lab import Score
    from eval.claims.lab_runs import Curve, Result, Trial

    def scored(accuracy: float) -> Score:
        return Score(accuracy, 0.0, 0.0, 1.0, 0.0)

    class Fixed:
        def result(self, trial, seed):
            chosen = trial.name == "grpo"
            selection, test = (0.9, 0.1) if chosen else (0.5, 0.7)
            curve = Curve([1.0] * 9, [0.5] * 9, [0.5] * 9, [1.0] * 9, [0.0] * 9)
            return Result(scored(0), scored(selection), scored(test + seed / 100), curve)

    row = claim_specs_of("delta", Trial, "recipes")[0]
    found = measure.tested(row, range(3), Fixed(), print, None)
    assert found.control == "grpo"
    assert found.effects["delta"].mean == pytest.approx(0.6)


def test_a_recipe_of_claims_that_cannot_be_is_one_sentence(lab, tmp_path) -> None:
    from corpus.errors import BadInputError
    from eval.claims.claim_specs import claim_specs_of
    from eval.claims.lab_runs import Trial

    head = '[[rows]]\nclaimed = "c"\npublished = "p"\nmetric = "accuracy"\n'
    arms = '[[rows.arms]]\nname = "a"\n[[rows.controls]]\nname = "b"\n'
    recipe = tmp_path / "mine.toml"
    recipe.write_text(head + arms)
    assert [row.method for row in claim_specs_of(str(recipe), Trial, "recipes")] == ["mine"]
    for text, message in (
        (head + arms + "epoch = 3\n", r"mine.toml, row 1, field 'controls.0.epoch'"),
        (head, r"mine.toml, row 1, field 'arms'"),
        ("[rows", "mine.toml is not TOML"),
        ("rows = 3", r"a list of \[\[rows\]\]"),
    ):
        recipe.write_text(text)
        with pytest.raises(BadInputError, match=message):
            claim_specs_of(str(recipe), Trial, "recipes")
    with pytest.raises(BadInputError, match="there are bottleneck, delta"):
        claim_specs_of("none", Trial, "recipes")


def test_extrapolation_beside_raw_weights_is_guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="needs the extra train")
    from eval.claims import extrapolation

    monkeypatch.setattr(extrapolation, "ROUNDS", 22)
    monkeypatch.setattr(extrapolation, "FACTORS", (2.0, 20.0))
    found = extrapolation.extrapolations([0], lambda _: None)
    assert (found.rounds, found.fitted, found.worse_on_selection) == (22, 3, 0)
    assert found.points["last-snapshot"].gained.mean == 0.0
    assert {"start", "average", "bema", "2x-1", "20x-0.25", "trained-22", "guard"} <= set(
        found.points
    )
    assert found.first.mean > found.walk_first


def test_labels_until_95_percent_of_full_are_those_of_the_first_crossing(lab) -> None:
    from eval.claims.lab import Score
    from eval.claims.lab_runs import Curve, Result
    from eval.claims.label_curve import label_needs, points

    def run_of(labels: list[float], held_out: list[float], final: float) -> Result:
        def at(accuracy: float) -> Score:
            return Score(accuracy, 0.0, 0.0, 1.0, 0.0)

        curve = Curve(labels=labels, held_out=held_out)
        return Result(at(0.2), at(final), at(final), curve)

    full = run_of([8, 16, 24, 32], [0.5, 0.8], 0.8)
    few = run_of([2, 4, 6, 8], [0.7, 0.77], 0.77)
    never = run_of([2, 4, 6, 8], [0.7, 0.71], 0.7)
    assert points(full) == [(0.0, 0.2), (16, 0.5), (32, 0.8)]
    needs = label_needs({"few": [few, few], "never": [never, few], "full": [full, full]})
    assert (needs["few"].labels, needs["few"].reached) == (8, 2)
    assert needs["few"].saved is not None
    assert needs["few"].saved.mean == pytest.approx(0.75)
    assert (needs["never"].labels, needs["never"].saved, needs["never"].reached) == (None, None, 1)
    assert needs["full"].accuracy.mean == 0
    assert label_needs({"few": [few, few]}) == {}


@pytest.mark.parametrize(("policy", "labels"), [("care", 6), ("oracle_cag", 6), ("none", 0)])
def test_the_laboratory_counts_its_labels(lab, policy: str, labels: int) -> None:
    from eval.claims.lab_runs import Trial, run

    asking = {"policy": policy, "budget": 0.25, "warmup": 1, "gate": 0.25}
    told = {"name": policy, "objective": {"post": "soft_adv"}, "asking": asking}
    found = run(Trial.model_validate({**told, "rounds": 3, "warm": 20}), 0)
    assert found.curve.labels[-1] == labels


def test_with_every_label_the_laboratory_is_as_without_a_table_of_labels(lab) -> None:
    from eval.claims.lab_runs import Trial, run

    told = {"name": "full", "rounds": 6, "warm": 20}
    asking = {"objective": {"post": "soft_adv"}, "asking": {"policy": "full"}}
    plain = run(Trial.model_validate(told), 0)
    assert run(Trial.model_validate({**told, **asking}), 0).test == plain.test


def test_the_laboratory_prefers_the_better_rollout_of_a_question(lab) -> None:
    import torch

    from eval.claims.lab_pairs import KeptRollouts, prefer
    from eval.claims.lab_runs import GROUP_SIZE, warmed
    from rl.after_run.g2d.pairs import pairs_of_groups

    policy, kept = lab.Policy(0), KeptRollouts(GROUP_SIZE)
    policy.load_state_dict(warmed(0).state_dict())
    chance = torch.Generator().manual_seed(1)
    for number in range(3):
        asked = lab.ask(8, number).take(torch.arange(8).repeat_interleave(GROUP_SIZE))
        written = lab.write(policy, asked, chance)
        kept.keep(asked, written, lab.judge(asked, written.ids))
    assert [len(group) for group in kept.groups.values()] == [GROUP_SIZE] * 24
    pairs, tally = pairs_of_groups(kept.groups)
    assert (tally.questions, tally.rollouts, len(pairs) > 8) == (24, 24 * GROUP_SIZE, True)
    for pair in pairs:
        question = kept.questions[pair.question]
        both = question.take(torch.zeros(2, dtype=torch.long))
        judged = lab.judge(both, torch.tensor([pair.chosen_ids, pair.rejected_ids]))
        assert judged.task[0] >= judged.task[1]

    def margin() -> float:
        total = 0.0
        for pair in pairs:
            asked = kept.questions[pair.question]
            for sign, side in ((1, "chosen"), (-1, "rejected")):
                ids = torch.tensor([getattr(pair, f"{side}_ids")])
                mask = torch.tensor([getattr(pair, f"{side}_mask")])
                logps = policy(asked, ids).gather(2, ids.unsqueeze(2)).squeeze(2)
                total += sign * float((logps * mask).sum().detach())
        return total

    before = margin()
    assert prefer(policy, kept, 1e-4, 0) == len(pairs)
    assert margin() > before + 1.0


def test_a_pass_of_almost_no_rate_ends_where_the_run_ended(lab) -> None:
    from eval.claims.lab_runs import Trial, run

    ended = run(Trial(name="stopped", rounds=3), 0)
    passed = run(Trial(name="g2d", rounds=3, preferring=1e-12), 0)
    assert passed.test.accuracy == pytest.approx(ended.test.accuracy, abs=1e-6)
    assert len(passed.curve.accuracy) == 4
    learnt = run(Trial(name="g2d", rounds=3, preferring=1e-3), 0)
    assert learnt.test.divergence != pytest.approx(ended.test.divergence, abs=1e-3)
