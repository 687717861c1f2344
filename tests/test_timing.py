"""A slower function is seen to be slower, by about the right factor."""

from time import perf_counter

from dlbook_utils.timing import calls_per_round, seconds_per_call


def busy(seconds):
    def wait():
        end = perf_counter() + seconds
        while perf_counter() < end:
            pass

    return wait


def test_the_ratio_of_two_times_is_measured():
    took = seconds_per_call({"one": busy(0.001), "four": busy(0.004)}, rounds=30)
    assert list(took) == ["one", "four"]
    assert 3 < took["four"] / took["one"] < 5


def test_a_fast_function_is_called_many_times_a_round():
    assert calls_per_round(lambda: None) > 1000
    assert calls_per_round(busy(0.02)) == 1
