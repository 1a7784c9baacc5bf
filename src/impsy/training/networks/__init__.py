"""The networks in JAX, as they are trained."""

from impsy.models.landings import Landings
from impsy.models.sizes import Size
from impsy.training.gestures import Design
from impsy.training.networks.landings import LandingNetwork
from impsy.training.networks.layers import RecurrentNetwork
from impsy.training.networks.recurrent import Network

__all__ = ["RecurrentNetwork", "network_of"]


def network_of(dimension: int, size: Size, designed: Design, dropout: float = 0.0) -> RecurrentNetwork:
    """The network in JAX that was designed."""
    fixed = designed.fixed
    if isinstance(fixed, Landings):
        return LandingNetwork(dimension, size, fixed, designed.changes, dropout)
    return Network(dimension, size, designed.mixtures, fixed, designed.scales, dropout)
