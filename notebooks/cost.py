# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What it costs, and how to run it on larger machines
#
# Every result of this book is a training's. This page says how fast trainings are, against what, and
# what the papers' own settings (the `paper` profile) cost on one GPU, on eight, or on a cluster. Every figure
# is computed from what `make bench` has measured.

# %% [markdown]
# ## How fast the training loop is
#
# Three ways to train the same network on images of 32x32, in batches of 128, with SGD and momentum, and what the
# processor can do at most, measured in turns within one run on one machine:
#
# - **ours**: the book's loop. The data set lies on the device as one tensor of bytes; batches are gathered,
#   augmented and normalised there, and no step waits for a number. On a processor, trials run as one-thread
#   processes, *a trial per core*; the plain line is one process with all cores.
# - **the usual loop**: a `DataLoader` over PIL images with torchvision's transforms image by image, in fp32,
#   the loss and the accuracy read back at each step. Of its settings (loading in the training process, or
#   in others) the faster one counts.
# - **the bare step**: forward, backward and optimiser on one batch that is there already, in the same
#   precision and with the same threads: the limit of any loop.
# - **arithmetic** (on a processor): products of large matrices, as many multiplications and additions as the network's
#   convolutions and linear layers take, on all cores. What is near 1 of it can be made faster by another precision or
#   other arithmetic alone, not by another loop.
#
# *8 trials at once*: `wsnb.run` on eight small trials (ten thousand images each), on a processor one to a core, over the
# same by one process with all cores. Both count the start of their processes.
#
# *Late accuracies*: whole trainings of width 16, in proportion as long and as often evaluated as the laptop profile's of
# Figure 1, which end by evaluating the weights of the last five epochs on all test images, over such as evaluate those
# of the last one alone: what these accuracies cost. *A callback*: the same trainings with a callback that does nothing
# over such without one. *A pull*: the same trainings, of a child that a regularizer pulls to its parent, joined with the
# loss by DTNH over the plain sum; and GEM's projection over the same by a solver of quadratic programmes.
#
# A ratio is the median over rounds, with the least and the greatest; a ratio above 1 means that ours is faster.
# bfloat16 (*bf16*) is measured where the hardware has it. Whether it may be used is another question:
# {doc}`precision`.

# %% tags=["hide-input"]
from IPython.display import Markdown, display

from wsnb.publishing import costs

found = costs.measured()
for results in found:
    made = f"measured {results['made']}, commit {results['commit']}, load average before it {results['load_before']}"
    made += f"; late accuracies and a callback at commit {results['loop_commit']}"
    display(Markdown(f"**{costs.machine(results)}** ({made}):"))
    display(costs.speeds(results))
costs.not_measured(found)

# %% [markdown]
# ## What the papers' settings cost
#
# A fixed number of epochs makes an exact number of images. How many epochs a training to a train accuracy takes is
# known only afterwards: *expected* goes by recorded trainings of the kind, else by 20 epochs; *at most* by each
# training's limit. `wsnb plan CHAPTER --profile paper` says the same for your machine, and what is recorded
# already.

# %% tags=["hide-input"]
costs.paper_profile(found)

# %% [markdown]
# ## On one GPU
#
# ```
# make env && . .venv/bin/activate
# wsnb data fetch cifar10
# wsnb plan gap-offline --profile paper
# wsnb run gap-offline --profile paper
# ```
#
# The GPU is found by itself. A machine that is lent by the hour, or a queue with a limit, gets `--time-budget
# 55m`: what fits is finished, the rest keeps its place, and the same command goes on from there. Small networks
# do not fill a GPU: `--workers 4` trains four at a time on it.
#
# ## On eight GPUs
#
# The same command. There is a worker for each GPU; `--device cuda:0,cuda:3` takes some of them, `--workers 16`
# puts two on each. Parents are trained before their children, so at the end some GPUs may wait.
#
# ## On several machines, with Ray
#
# The extra `cluster` brings [Ray](https://docs.ray.io). On the first machine, on each of the others, and then on
# the first again:
#
# ```
# ray start --head --port 6379
# ray start --address FIRST:6379
# wsnb run gap-offline --profile paper --engine ray --address auto
# ```
#
# Each trial asks the cluster for `--threads` processors and, with `--device cuda`, a GPU (`--device cuda/4`: a
# quarter of one). Records and weights travel through Ray to the machine that asked, so no file system need be shared;
# every node needs this package in the same version and the data set (`wsnb data fetch NAME`, or `WSNB_DATA`). The
# trials of a node that is lost run again elsewhere, and one that the time budget has called off begins again.
#
# ## On Slurm, with Ray
#
# A batch script, after its first line, `#!/bin/bash`:
#
# ```
# #SBATCH --nodes=2 --ntasks-per-node=1 --cpus-per-task=16 --gpus-per-node=4 --time=04:00:00
# . .venv/bin/activate
# head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
# srun --nodes=1 --ntasks=1 -w "$head" ray start --head --port=6379 --block &
# sleep 20
# srun --nodes=$((SLURM_NNODES - 1)) --ntasks=$((SLURM_NNODES - 1)) --exclude="$head" \
#     ray start --address="$head:6379" --block &
# sleep 20
# srun --overlap --nodes=1 --ntasks=1 -w "$head" \
#     wsnb run gap-offline --profile paper --engine ray --address auto --time-budget 225m
# ```
#
# The budget ends a quarter of an hour before the job does. Submit the script again until nothing is left.
# Without Ray, jobs of an array may run the same command in one shared folder of records: each record is written
# once, whole, though two jobs may happen to train the same trial.
#
# ## Bring the records home
#
# ```
# tar -czf paper.tar.gz records                        # there
# tar -xzf paper.tar.gz -C /tmp                        # here, when it has been copied
# wsnb records merge /tmp/records                      # each is checked, then added
# wsnb book
# ```
