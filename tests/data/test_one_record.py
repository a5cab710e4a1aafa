"""A published set gives one key and one record, whatever it came from."""

from conftest import measured
from small_sets import noise, put_batches, put_images, trust

from wsnb import SGD, Epochs, Part, ResNet18, Trial, run
from wsnb.running.worker import _loaded


def test_a_trial_on_batches_and_on_images_has_one_key_and_one_record(tmp_path, monkeypatch):
    pixels, found = noise(160, 40), {}
    trial = Trial(Part("cifar10", 0.5), ResNet18(2), SGD(0.05), Epochs(1), batch_size=32)
    trust("cifar10", monkeypatch)
    put_batches("cifar10", tmp_path / "as batches", pixels, monkeypatch)
    put_images("cifar10", tmp_path / "as images" / "cifar10", pixels)
    for form in ("as batches", "as images"):
        _loaded.cache_clear()
        monkeypatch.setenv("WSNB_DATA", str(tmp_path / form))
        monkeypatch.setenv("WSNB_WEIGHTS", str(tmp_path / form / "weights"))
        warm = trial.then(data=Part("cifar10"))
        records = run([warm], records=tmp_path / form / "records", workers=0, progress=False)
        found[form] = [warm.key, measured(records[warm]), records[warm].provenance["weights"]]
    _loaded.cache_clear()
    assert found["as batches"] == found["as images"]
