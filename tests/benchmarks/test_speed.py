"""The benchmark compares what it says it compares. Nothing here is timed."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from wsnb.data.augmentation import normalize
from wsnb.data.catalogue import MEAN, STD
from wsnb.publishing import costs
from wsnb.training import loop

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import contender  # noqa: E402
import speed  # noqa: E402

CPU = torch.device("cpu")


@pytest.fixture
def few_images(monkeypatch):
    monkeypatch.setattr(contender, "IMAGES", 300)


# The loops ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("augment", [False, True])
def test_the_usual_loops_images_are_ours_unless_they_are_augmented(few_images, augment):
    pictures = contender.Pictures(augment)
    pixels = torch.from_numpy(pictures.pixels).permute(0, 3, 1, 2)
    image, label = pictures[7]
    assert len(pictures) == 300 and label == pictures.labels[7]
    same = torch.allclose(image, normalize(pixels[7:8], MEAN, STD)[0], atol=1e-4)
    assert image.shape == (3, 32, 32) and same is not augment


def work_of(kind, trial):
    return contender.usual(trial, CPU, 0) if kind == "usual" else getattr(contender, kind)(trial, CPU)


@pytest.mark.parametrize("kind", ["ours", "usual", "bare"])
def test_every_loop_trains_the_works_network_on_as_many_images_as_it_is_told_to(few_images, monkeypatch, kind):
    made, seen = [], []
    build = loop.build

    def noted(trial, *more, **named):
        made.append(trial.model)
        network = build(trial, *more, **named)
        network.register_forward_pre_hook(lambda _, batch: seen.append(len(batch[0])))
        return network

    monkeypatch.setattr(loop, "build", noted)
    trial = contender.trial_of(contender.A_TRIAL_RUN, "fp32")
    work_of(kind, trial)(256)
    assert made == [trial.model] and sum(seen) == 256


@pytest.mark.parametrize("kind", ["ours", "bare"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_our_loop_and_the_bare_step_run_in_the_same_precision_and_layout(few_images, monkeypatch, kind, precision):
    seen = []
    build = loop.build

    def noted(*given, **named):
        network = build(*given, **named)
        network.register_forward_hook(
            lambda _, batch, logits: seen.append((batch[0].is_contiguous(memory_format=torch.channels_last), logits))
        )
        return network

    monkeypatch.setattr(loop, "build", noted)
    work_of(kind, contender.trial_of(contender.A_TRIAL_RUN, precision))(128)
    assert all(layout for layout, _ in seen)
    assert {logits.dtype for _, logits in seen} == {torch.bfloat16 if precision == "bf16" else torch.float32}


def test_the_operations_are_those_of_the_layers_forward_and_backward():
    hidden = 3 * 32 * 32 * 100 + 2 * 100 * 100 + 100 * 10  # multiplications forward
    wanted = 2 * (3 * hidden - 3 * 32 * 32 * 100)  # the images have no gradient
    assert contender.operations(contender.trial_of("MLP", "fp32")) == wanted


@pytest.mark.parametrize(("precision", "kind"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_the_arithmetic_is_of_as_many_operations_in_the_same_precision(monkeypatch, precision, kind):
    products = []
    really = torch.mm
    monkeypatch.setattr(torch, "mm", lambda a, b: products.append((a.dtype, len(a))) or really(a, b))
    monkeypatch.setattr(contender, "operations", lambda trial: 2 * 1024**3 / 100)
    work = contender.arithmetic(contender.trial_of("MLP", precision), CPU)
    for _ in range(5):
        work(50)
    assert products == [(kind, 1024)] * 2


def test_a_contender_answers_every_line_with_its_speed():
    lines = [json.dumps([kind, "logistic regression", "fp32", 0, 0]) for kind in ("ours", "bare", "ours")]
    command = [sys.executable, str(BENCHMARKS / "contender.py"), "cpu", "1"]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 3 and all(float(rate) > 0 for rate in done.stdout.split())


def test_a_turn_is_about_as_long_as_it_is_told_to_be_however_far_off_the_first_guess_was(monkeypatch):
    now, timed = [0.0], []
    monkeypatch.setattr(contender.time, "perf_counter", lambda: now[0])

    def make(trial, device):
        def work(count):
            timed.append(count // 128)
            now[0] += 0.001 if count <= 256 else count / 12_800  # the first two batches seem to take no time

        return work

    monkeypatch.setattr(contender, "ours", make)
    loop = contender.Loop("ours", contender.A_TRIAL_RUN, "fp32", 0, CPU)
    assert loop.rate(1.0) == pytest.approx(12_800)
    assert timed == [2, 2, 20, 100]
    assert loop.rate(1.0) == pytest.approx(12_800) and timed[4:] == [100]
    loop.rate(0)
    assert timed[5:] == [2]


# Who is compared with whom ------------------------------------------------------------------------


@pytest.mark.parametrize("work", contender.WORKS)
def test_every_contender_has_the_whole_machine(monkeypatch, work):
    started = []
    monkeypatch.setattr(speed, "cores", lambda: 4)
    monkeypatch.setattr(speed.subprocess, "Popen", lambda command, **_: started.append(command))
    for each in speed.contenders(work, "cpu"):
        started.clear()
        speed.Processes(each.processes, "cpu", {})
        assert sum(int(command[-1]) for command in started) == 4
        assert each.processes == (4 if "per core" in each.name else 1)


def test_every_goal_stands_at_a_ratio_that_is_measured():
    for kind, device in (("cpu", "cpu"), ("cuda", "cuda")):
        for work, goals in speed.GOALS.items():
            if work in speed.PAIRED:
                rates = {way: [1.0] for way in speed.PAIRED[work]}
            elif work == speed.TOGETHER:
                ways = ("at once", "one after another")
                rates = {f"{way}, {precision}": [1.0] for way in ways for precision in ("fp32", "bf16")}
            else:
                rates = {each.name: [1.0] for each in speed.contenders(work, device)}
            measured = {ratio["goal"] for ratio in speed.ratios(work, rates, kind)} - {None}
            assert measured == {goal for name, goal in goals[kind].items() if name != "images/s"}


def test_a_ratio_is_the_median_over_rounds_and_is_of_the_faster_of_the_usual_loops():
    rates = {
        "usual, 0 loaders": [10.0, 10.0, 10.0],
        "usual, 2 loaders": [20.0, 10.0, 20.0],
        "bare fp32": [40.0, 40.0, 50.0],
        "ours fp32": [30.0, 30.0, 40.0],
        "ours fp32, a trial per core": [60.0, 60.0, 20.0],
    }
    rates["arithmetic fp32"] = [80.0, 80.0, 80.0]
    found = {(ratio["of"], ratio["over"]): ratio for ratio in speed.ratios("MLP", rates, "cpu")}
    usual = "usual, 2 loaders"
    assert found.keys() == {
        ("ours fp32", usual),
        ("ours fp32", "bare fp32"),
        ("ours fp32, a trial per core", usual),
        ("ours fp32, a trial per core", "arithmetic fp32"),
    }
    per_core = found["ours fp32, a trial per core", usual]
    assert (per_core["median"], per_core["least"], per_core["greatest"], per_core["goal"]) == (3.0, 1.0, 6.0, 6.0)
    assert found["ours fp32", "bare fp32"]["median"] == 0.75 and found["ours fp32", "bare fp32"]["goal"] == 0.7
    assert found["ours fp32", usual]["goal"] is None


def test_the_table_shows_each_contender_with_its_ratios_and_goals():
    rates = {"usual, 0 loaders": [10.0], "bare fp32": [80.0], "ours fp32": [60.0]}
    rates["ours fp32, a trial per core"] = [70.0]
    results = {"images_per_second": {"MLP": rates}, "ratios": {"MLP": speed.ratios("MLP", rates, "cpu")}}
    lines = speed.table(results).splitlines()
    assert len(lines) == 5
    assert "0.75 [0.75, 0.75] of bare fp32, goal 0.7" in lines[3]
    assert "7.00 [7.00, 7.00] of usual, 0 loaders, goal 6" in lines[4]


def test_a_machine_has_one_file(monkeypatch):
    monkeypatch.setattr(speed, "device_in_words", lambda device: "NVIDIA H200" if "cuda" in device else "AMD EPYC")
    monkeypatch.setattr(speed, "cores", lambda: 2)
    monkeypatch.setattr(speed.torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    assert speed.slug("cpu") == "amd-epyc-avx2-2-cores"
    assert speed.slug("cuda:0") == "nvidia-h200"


@pytest.mark.parametrize(
    ("device", "able", "measured"),
    [
        ("cpu", {"avx512_bf16": False}, ("fp32",)),
        ("cpu", {"avx512_bf16": True}, ("fp32", "bf16")),
        ("cuda", {}, ("fp32", "bf16")),
    ],
)
def test_bf16_is_measured_where_the_hardware_has_it(monkeypatch, device, able, measured):
    monkeypatch.setattr(speed.torch.cpu, "get_capabilities", lambda: able)
    assert speed.precisions(device) == measured


def test_speeds_alone_leave_the_rest_of_the_file_as_it_was(tmp_path, monkeypatch, capsys):
    place = tmp_path / "results.json"
    kept = {"images_per_second": {}, "ratios": {}, "commit": "old", "paper_speeds": {"gone": {}}}
    new = {"paper_speeds": {"new": {}}, "paper_speeds_commit": "new"}
    monkeypatch.setitem(speed.PARTS, "speeds", lambda *_: new)
    monkeypatch.setattr(sys, "argv", ["speed.py", "--device", "cpu", "--only", "speeds", "--output", str(place)])
    with pytest.raises(SystemExit):
        speed.main()
    assert "there are none for this machine" in capsys.readouterr().err
    place.write_text(json.dumps(kept))
    speed.main()
    assert json.loads(place.read_text()) == kept | new


# What is asked of the loop ------------------------------------------------------------------------


def test_late_accuracies_and_callbacks_are_timed_by_trainings_that_have_them_and_such_that_do_not(monkeypatch):
    trained = []

    def train(trial, images, parent=None, device=None):
        trained.append((loop.LATE, len(trial.callbacks), trial.stop, parent))
        return SimpleNamespace(snapshot="the source's")

    monkeypatch.setattr(loop, "train", train)
    size = speed.Size((), rounds=1, seconds=0, trials=1, images=1, epochs=1, loop_images=8, loop_epochs=3, speeds=False)
    rates = speed.of_the_loop("cpu", size)
    assert [each[:2] for each in trained[1:]] == [(5, 0), (1, 0), (5, 1), *[(5, 0)] * 7]
    assert len({stop for _, _, stop, _ in trained[1:]}) == 1
    assert [parent for *_, parent in trained] == [None] * 5 + ["the source's"] * 6
    assert loop.LATE == 5
    assert {work: tuple(ways) for work, ways in rates.items()} == speed.PAIRED
    [ratio] = speed.ratios(speed.LATE, {way: [rate] for rate, way in enumerate(speed.PAIRED[speed.LATE], 1)}, "cpu")
    assert (ratio["median"], ratio["goal"]) == (0.5, None)


def test_a_callback_that_does_nothing_changes_no_result(few_images):
    trial = contender.trial_of(contender.A_TRIAL_RUN, "fp32")
    images = contender.random_images(128, 128)
    plain, idle = (loop.train(each, images).final for each in (trial, trial.replace(callbacks=(speed.Nothing(),))))
    assert plain == idle


def test_the_results_of_a_whole_run_are_shown_by_the_page_on_cost(tmp_path, monkeypatch):
    place = tmp_path / "results.json"
    ways = [f"{way}, {precision}" for way in ("at once", "one after another") for precision in ("fp32", "bf16")]
    rates = {each.name: [1.0] for each in speed.contenders(contender.A_TRIAL_RUN, "cpu")}
    monkeypatch.setattr(speed, "cores", lambda: 1)
    monkeypatch.setattr(speed, "compare", lambda *_: {contender.A_TRIAL_RUN: rates})
    monkeypatch.setattr(speed, "at_once", lambda *_: {way: [1.0] for way in ways})
    monkeypatch.setattr(sys, "argv", ["speed.py", "--device", "cpu", "--quick", "--output", str(place)])
    speed.main()
    results = json.loads(place.read_text())
    shown = costs.speeds(results).plain
    for work in (contender.A_TRIAL_RUN, speed.TOGETHER, *speed.PAIRED):
        assert f"**{work}**" in shown
    assert len(shown.splitlines()) == 1 + sum(map(len, results["ratios"].values()))
    for rates in results["images_per_second"].values():
        assert all(len(rounds) == 1 and rounds[0] > 0 for rounds in rates.values())
