"""Runs that must end the same however often they are killed: what makes each of them hard."""

OWN = "scripts.kill_cases.own_code"
# Twelve rows to train on in batches of five: three steps an epoch, the last one of two rows.
ROWS = ("data=crop_yield", "data.val_size=3", "data.batch_size=5", "logger=none")
SMALL = (*ROWS, "trainer.max_epochs=3")
MLP = (*SMALL, "model=mlp", "model.hidden=[4]", "data.input_scale=standard")
DROPOUT = (*MLP, "model.dropout=0.3", "optimizer=adam")
DRAWING = (*MLP, "optimizer=adam", f"model._target_={OWN}.Drawing")
LINE = (*SMALL, "optimizer.lr=1e-6")
# Eleven rows in batches of four.
DATASET = (
    "data=torch_dataset", "data.batch_size=4", "data.task=regression", "data.output_size=1",
    "data.input_shape=[2]", "data.in_memory=false", "logger=none", "trainer.max_epochs=3",
)  # fmt: skip
NOISY = (*DATASET, f"data.train._target_={OWN}.Noisy", f"+data.val._target_={OWN}.Noisy")
STREAM = (*DATASET, f"data.train._target_={OWN}.NoisyStream")
SWA = (
    "+callbacks.swa._target_=pytorch_lightning.callbacks.StochasticWeightAveraging",
    "+callbacks.swa.swa_lrs=0.01", "+callbacks.swa.swa_epoch_start=2",
    "+callbacks.swa.annealing_epochs=2",
)  # fmt: skip
EARLY = "+callback@callbacks.early_stopping=early_stopping"

CASES: dict[str, tuple[str, ...]] = {
    "sgd": LINE,
    **{name: (*MLP, f"optimizer={name}") for name in ("adagrad", "adam", "adamw", "rmsprop")},
    "lbfgs": (*MLP, "optimizer=lbfgs", "optimizer.lr=1e-5"),
    "momentum": (*LINE, "optimizer.momentum=0.9", "optimizer.nesterov=true"),
    "own optimizer": (*MLP, "optimizer=custom", "optimizer._target_=torch.optim.NAdam"),
    **{
        name: (*MLP, "optimizer=adam", f"scheduler={name}")
        for name in ("cosine", "one_cycle", "plateau", "step", "warmup", "warmup_cosine")
    },
    "plateau of training": (
        *MLP,
        "optimizer=adam",
        "optimizer.lr=0.5",
        "scheduler=plateau",
        "scheduler.monitor=train/loss",
        "scheduler.patience=0",
    ),
    "own schedule": (
        *MLP,
        "optimizer=adam",
        "scheduler=custom",
        "scheduler._target_=torch.optim.lr_scheduler.CosineAnnealingWarmRestarts",
        "+scheduler.T_0=2",
        "scheduler.interval=step",
    ),
    "dropout": DROPOUT,
    "draws of the network": DRAWING,
    "accumulation": (*DROPOUT, "trainer.accumulate_grad_batches=2"),
    "accumulation of weighted classes": (
        "data=clusters",
        "data.rows=14",
        "data.batch_size=3",
        "logger=none",
        "task.class_weights=balanced",
        "trainer.accumulate_grad_batches=2",
        "model=mlp",
        "trainer.max_epochs=3",
        "optimizer=adam",
    ),
    "clipping": (*DROPOUT, "trainer.gradient_clip_val=0.1"),
    "freeze": (*DROPOUT, "freeze.parameters=[output*]", "freeze.until_epoch=3"),
    "val every 2": (*DROPOUT, "trainer.check_val_every_n_epoch=2"),
    "plateau, val every 2": (
        *DROPOUT,
        "trainer.check_val_every_n_epoch=2",
        "scheduler=plateau",
        "scheduler.patience=0",
        "trainer.max_epochs=6",
    ),
    "max_steps": (*DROPOUT, "trainer.max_steps=7"),
    "steps alone": (*DROPOUT, "trainer.max_steps=7", "trainer.max_epochs=null"),
    "early stopping": (
        *LINE,
        EARLY,
        "callbacks.early_stopping.patience=2",
        "optimizer.lr=1e-12",
        "callbacks.early_stopping.min_delta=10.0",
        "trainer.max_epochs=9",
    ),
    "early stopping of training": (
        *LINE,
        EARLY,
        "callbacks.early_stopping.patience=2",
        "optimizer.lr=1e-12",
        "callbacks.early_stopping.monitor=train/loss",
        "callbacks.early_stopping.min_delta=10.0",
        "trainer.max_epochs=9",
    ),
    "gradient converged": (
        *LINE,
        "+callback@callbacks.converged=gradient_converged",
        "callbacks.converged.tolerance=0.002",
        "trainer.max_epochs=9",
    ),
    "loss converged": (
        *LINE,
        "+callback@callbacks.converged=loss_converged",
        "data.batch_size=null",
        "callbacks.converged.max_change=300",
        "callbacks.converged.max_loss=9999",
        "trainer.max_epochs=9",
    ),
    "minimum of epochs": (
        *LINE,
        EARLY,
        "callbacks.early_stopping.patience=1",
        "optimizer.lr=1e-12",
        "callbacks.early_stopping.min_delta=10.0",
        "trainer.max_epochs=9",
        "trainer.min_epochs=5",
    ),
    "moving average": (*DROPOUT, f"+callbacks.ema._target_={OWN}.Ema"),
    "averaged at the end": (
        *DROPOUT,
        *SWA,
        "trainer.max_epochs=6",
    ),
    "callback that logs": (*DROPOUT, f"+callbacks.logging._target_={OWN}.Logging"),
    "compared gradients": (
        *LINE,
        "gradient=finite_difference",
        "gradient.compare=true",
        "trainer.precision=64-true",
    ),
    "logged steps": (
        *DROPOUT,
        "trainer.log_every_n_steps=1",
        "logger=csv",
        "trainer.accumulate_grad_batches=2",
    ),
    "augmented": (
        "data=images",
        "data.folder=IMAGES",
        "data.batch_size=4",
        "logger=none",
        "trainer.max_epochs=3",
        "model=cnn",
        "model.channels=[2,2]",
        "data.augment.flip=alternating",
        "data.augment.mixup=0.3",
        "data.augment.translate=1",
    ),
    "stream": (
        "data=linear_noise",
        "data.batch_size=4",
        "logger=none",
        "trainer.max_epochs=3",
        "trainer.limit_train_batches=4",
        "optimizer=adam",
    ),
    "torchmetrics": (
        *DROPOUT,
        "+task.torchmetrics.spearman={_target_: torchmetrics.MeanAbsoluteError}",
    ),
    "a function": ("data=none", "model=bowl", "logger=none", "trainer.max_epochs=9"),
    "own dataset": NOISY,
    "own dataset, shuffled": (
        *NOISY,
        "data.shuffle=true",
        "data.drop_last=true",
        "trainer.max_epochs=5",
    ),
    "own dataset, two workers": (*NOISY, "data.num_workers=2"),
    "own dataset with a state": (*DATASET, f"data.train._target_={OWN}.Counting"),
    "own stream": STREAM,
    "own stream, two workers": (*STREAM, "data.num_workers=2"),
    "own dataset, drawing network": (*NOISY, "model=linear", f"model._target_={OWN}.Drawing"),
    "own data, torch's loader": (
        f"data._target_={OWN}.OwnData",
        "logger=none",
        "trainer.max_epochs=3",
    ),
    "own module": (*SMALL, f"module._target_={OWN}.Automatic"),
    "own module, accumulation": (
        *SMALL,
        f"module._target_={OWN}.Automatic",
        "trainer.accumulate_grad_batches=2",
    ),
    "own module, torchmetric": (*SMALL, f"module._target_={OWN}.Measured"),
    "own module by hand": (*SMALL, f"module._target_={OWN}.Manual"),
    "own module, own dataset": (
        *NOISY,
        f"module._target_={OWN}.Automatic",
        "+module.width=2",
        "+module.outputs=1",
    ),
    "two threads": (*DROPOUT, "trainer.threads=2"),
    "half precision": (*DROPOUT, "trainer.precision=bf16-mixed"),
    "double precision": (*DROPOUT, "trainer.precision=64-true"),
}
