"""What a person sees on a terminal after what was written to it."""

import re


def screen(written: str) -> list[str]:
    """The lines on the screen; each as long as what was written there.

    >>> screen("10%\\r   \\rdone\\r\\nnext")
    ['done', 'next']
    """
    lines, row, column = [[]], 0, 0
    for part in re.findall(r"\x1b\[[0-9;?]*[a-zA-Z]|[^\x1b]", written):
        if part == "\x1b[A":
            row -= 1
        elif part == "\x1b[K":
            del lines[row][column:]
        elif part == "\r":
            column = 0
        elif part == "\n":
            row += 1
            lines += [[]] * (row == len(lines))
        elif len(part) == 1:
            line = lines[row]
            line += " " * (column + 1 - len(line))
            line[column] = part
            column += 1
    return ["".join(line).rstrip() for line in lines]
