"""How large a request may be: counted in its bytes, before anything is built from them."""

from __future__ import annotations

from dataclasses import dataclass

from signature.exceptions import ModelInputError
from signature.serve.invocation import MOST_CELLS

_MORE_NAMES = 16
"""Quoted words of a request beside the columns of its rows, and columns that are unknown."""


@dataclass(frozen=True)
class RequestLimits:
    """What a request may hold.

    Parameters
    ----------
    most_bytes : int
    most_rows : int
    most_cells : int
        Rows times columns.
    """

    most_bytes: int = 20 * 2**20
    most_rows: int = 20_000
    most_cells: int = MOST_CELLS

    def check(self, body: bytes, n_columns: int) -> None:
        """Refuse a body that holds more, by counting brackets, commas and quotes.

        Parameters
        ----------
        body : bytes
            Of a request, as sent.
        n_columns : int
            Columns that a row may have.

        Raises
        ------
        ModelInputError
            Naming what there is too much of, and the limit.

        Examples
        --------
        >>> RequestLimits(most_rows=1).check(b'{"dataframe_records": [{}, {}, {}, {}]}', 5)
        Traceback (most recent call last):
            ...
        signature.exceptions.ModelInputError: a request may hold 1 row; send more in several
        """
        if len(body) > self.most_bytes:
            raise self.too_long()
        # objects of rows, or lists of rows; around them stand at most three of either
        objects, lists = body.count(b"{"), body.count(b"[")
        if max(objects, lists) > self.most_rows + 3:
            raise self._too_many_rows()
        if body.count(b",") > self.most_cells:
            raise ModelInputError(
                f"a request may hold {self.most_cells:,} cells; send fewer rows at a time"
            )
        if body.count(b'"') > 2 * (max(objects, 1) * n_columns + n_columns + _MORE_NAMES):
            raise ModelInputError(
                f"the rows have more names or text than the {n_columns} columns of this model ask "
                "for; send each row's numbers under the names of its columns, and nothing else"
            )

    def check_rows(self, n_rows: int) -> None:
        """Refuse rows that are too many: what the brackets of a body can only say nearly.

        Raises
        ------
        ModelInputError
        """
        if n_rows > self.most_rows:
            raise self._too_many_rows()

    def _too_many_rows(self) -> ModelInputError:
        s = "" if self.most_rows == 1 else "s"
        return ModelInputError(
            f"a request may hold {self.most_rows:,} row{s}; send more in several"
        )

    def too_long(self) -> ModelInputError:
        """Return the refusal of a body that is too long, for who counts while reading."""
        return ModelInputError(
            f"a request may be {self.most_bytes // 2**20} MiB long; send fewer rows at a time"
        )
