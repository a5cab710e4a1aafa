"""CIFAR-10 and CIFAR-100 of Krizhevsky (2009): as torchvision's batches, or as images without loss."""

from __future__ import annotations

from wsnb.data.catalogue import Facts, data_set
from wsnb.data.published import Published, as_images


def _batches(folder: str, *files: str) -> tuple[str, ...]:
    return (folder, *(f"{folder}/{file}" for file in files))


@data_set("cifar10")
class Cifar10(Published):
    """Ten classes; the fingerprint is the one that the checked archive of its images was published with."""

    title = "CIFAR-10"
    classes = tuple("airplane automobile bird cat deer dog frog horse ship truck".split())
    facts = Facts(50_000, 10_000, 10)
    fingerprint = "42265908afd81ffd"
    torchvision = "CIFAR10"
    forms = (
        _batches("cifar-10-batches-py", *(f"data_batch_{n}" for n in range(1, 6)), "test_batch", "batches.meta"),
        *as_images("cifar10"),
    )
    wanted = (
        "cifar-10-batches-py, or cifar10.tar.xz or a folder cifar10 of its images (train/class/..., test/class/...)"
    )


@data_set("cifar100")
class Cifar100(Published):
    """A hundred classes, by its fine labels."""

    title = "CIFAR-100"
    classes = tuple(
        """
        apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly
        camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup
        dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower
        leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid
        otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray
        road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
        sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
        wardrobe whale willow_tree wolf woman worm
        """.split()
    )
    facts = Facts(50_000, 10_000, 100)
    fingerprint = "499c9b49efdafeb8"
    torchvision = "CIFAR100"
    forms = (_batches("cifar-100-python", "train", "test", "meta"), *as_images("cifar100"))
    wanted = "cifar-100-python, or cifar100.tar.xz or a folder cifar100 of its images (train/class/..., test/class/...)"
