"""A Gabor function is explained by one, and noise is not."""

import torch

from dlbook_utils.gabor_filters import gabor_planes, gabor_share


def test_a_gabor_explains_itself_in_any_phase():
    planes = gabor_planes(7)
    mixed = planes @ torch.tensor([0.6, -0.8])
    some = mixed[::97].view(-1, 7, 7)
    alone = some.flatten(1).mean(1).abs() < 0.02  # the share is of what varies around the mean
    assert alone.any()
    assert (gabor_share(some[alone]) > 0.97).all()


def test_scale_and_offset_do_not_matter():
    filters = torch.randn(5, 5, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(gabor_share(3 * filters + 1), gabor_share(filters))


def test_noise_is_explained_less_the_larger_it_is():
    generator = torch.Generator().manual_seed(0)
    five, seven = (gabor_share(torch.randn(50, n, n, generator=generator)).median() for n in (5, 7))
    assert seven < five < 0.5
