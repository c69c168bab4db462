# SPDX-License-Identifier: MIT
"""The workloads that are one computation, or one call that blocks: arguments in, the
body out. A model runs them where a request runs, or passes them to a pool.
"""
import time

from foreign import answers, files

WORKLOADS = ("hello", "wait", "fetch", "gather", "sleepers", "spin", "hash", "mixed", "image",
             "file", "counter", "hog", "block", "service")


class Work:
    """The part of the handlers that all models share. Static methods, so that a pool of
    processes can find one by its name."""

    @staticmethod
    def hello(size: int, seed: int) -> bytes:
        return answers.letters(seed, size)

    @staticmethod
    def spin(steps: int, seed: int) -> bytes:
        return b"spin steps=%d seed=%d state=%016x\n" % (steps, seed, answers.spin(seed, steps))

    @staticmethod
    def hash(rounds: int, seed: int) -> bytes:
        digest = answers.chain(seed, rounds)
        return f"hash rounds={rounds} seed={seed} digest={digest}\n".encode()

    @staticmethod
    def image(size: int, passes: int, seed: int) -> bytes:
        return b"image size=%d passes=%d seed=%d sum=%016x\n" % (
            size, passes, seed, answers.image(seed, size, passes))

    @staticmethod
    def file(size: int, cold: int, offload: int, seed: int) -> bytes:
        """A file is always ready, says Linux: reading it blocks."""
        number, offset = files.place(size, seed)
        try:
            proof = files.read(number, offset, size, cold)
        except OSError as error:
            raise files.explained(error) from None
        return b"file size=%d file=%d offset=%d seed=%d sum=%016x\n" % (
            size, number, offset, seed, proof)

    @staticmethod
    def hog(light: int, heavy: int, share: int, seed: int) -> bytes:
        steps = heavy if answers.heavy(share, seed) else light
        return b"hog steps=%d seed=%d state=%016x\n" % (steps, seed, answers.spin(seed, steps))

    @staticmethod
    def block(delay: int, share: int, offload: int, seed: int) -> bytes:
        """Blocks by a call that an event loop cannot see."""
        blocked_ns = delay if answers.heavy(share, seed) else 0
        if blocked_ns:
            time.sleep(blocked_ns / 1e9)
        return b"block blocked_ns=%d seed=%d check=%016x\n" % (
            blocked_ns, seed, answers.check(blocked_ns, seed))
