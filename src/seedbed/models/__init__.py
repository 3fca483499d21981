"""Models: plain torch modules that know nothing of training."""

from seedbed.models.category_embedding import CategoryEmbedding
from seedbed.models.cnn import CNN
from seedbed.models.functions import Bowl, Parabola
from seedbed.models.initial_weights import set_initial_weights
from seedbed.models.linear import Linear
from seedbed.models.mlp import MLP

__all__ = ["CNN", "MLP", "Bowl", "CategoryEmbedding", "Linear", "Parabola", "set_initial_weights"]
