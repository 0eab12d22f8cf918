"""What all have in common that hold something against a real program: it must really be asked."""


class CannotBeAsked(BaseException):
    """The real program gave no answer, for a reason that has nothing to do with the question.

    That is an error of the test run; taken for an answer, it agrees with everything. Who catches
    what may go wrong in our own code does not catch this, and nobody looks for a smaller example.
    """
