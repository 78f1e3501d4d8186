"""What each line opens. A number opens a provision only where that number is due: wraps look alike."""

import re

from kitei.terms.reading.drafts import ROMAN, Draft, ordinal
from kitei.terms.reading.folding import DATE, day_of, figure, join
from kitei.terms.reading.lines import Line, Mark, cells_of, mark_of, wide_cells
from kitei.terms.reading.passages import Kind, Piece
from kitei.terms.reading.standing import Standing

# How far a number may leap and still be one of the list: what lies between was lost.
_LEAP = 3
UNDATED = "suppl:undated"
_CONTINUES = re.compile(r"^(?:第\d+[項号]|[にのをはがで、。])")


class Reader(Standing):
    """What each line opens, given where reading stands."""

    def read(self) -> None:
        for index, line in enumerate(self.lines):
            after = self.lines[index + 1] if index + 1 < len(self.lines) else None
            self._take(line, after)
            self.before = line

    # -- one line

    def _take(self, line: Line, after: Line | None) -> None:
        mark = mark_of(line)
        is_listed = mark.form in ("item", "subitem") or mark.dotted
        cells = () if is_listed and self.table() is None and "|" not in line.raw else self._cells(line, after)
        starts = len([cell for cell in cells if cell]) > 1
        if cells and (starts or self.table()) and not (self.top is None or self.top.kind == "front"):
            self.holder().add_row(line, cells)
            return
        if self._opens_top(mark, line, after) or self._opens_below(mark, line):
            self.is_wide_table = False
            return
        table = self.table()
        row = table.last("row") if table and not line.gap else None
        if row is not None:
            row.add_to_cell(line)
            return
        if self._goes_on_in_heading(line):
            return
        self.end_table()
        self.body().add(line, line.text)

    def _goes_on_in_heading(self, line: Line) -> bool:
        """A heading that was wrapped inside its brackets."""
        here = self.here
        is_open = any(
            here.heading.count(one) > here.heading.count(other) for one, other in ("()", "[]", "【】")
        )
        if line.gap or not is_open or here.pieces or here.children:
            return False
        here.heading = join(here.heading, line.text)
        here.lines.append(line.at)
        return True

    def _cells(self, line: Line, after: Line | None) -> tuple[str, ...]:
        if cells := cells_of(line):
            return cells
        cells = wide_cells(line)
        if not cells or mark_of(line).form not in ("plain", "relation"):
            return ()
        short = all(len(cell) <= 12 and not re.search(r"[。、]", cell) for cell in cells)
        starts = short and after is not None and len(wide_cells(after)) == len(cells) and len(cells[0]) > 0
        if starts or (self.is_wide_table and self.table() is not None):
            self.is_wide_table = True
            return cells
        return ()

    # -- what a line opens at the top

    def _opens_top(self, mark: Mark, line: Line, after: Line | None) -> bool:
        match mark.form:
            case "article" if self._is_article_due(mark, line, after):
                return self._article(mark, line)
            case "chapter" if self.is_settled or line.gap:
                self.open_top(Draft("chapter", self._chapter_id(mark.number), mark.number, mark.rest))
                self.here.lines.append(line.at)
                return True
            case "supplement" if self.is_settled or line.gap or not mark.rest:
                self._supplement(mark, line)
                return True
            case "schedule" if self._is_schedule_due(mark, line):
                number = mark.number or str(self._schedules + 1)
                draft = self.open_top(Draft("schedule", f"schedule:{number}", number, mark.rest))
                draft.is_implied = not mark.number
                draft.lines.append(line.at)
                return True
            case "edition" if self.top is not None and self.top.kind == "supplement":
                self._edition(line)
                return True
        return False

    @property
    def _schedules(self) -> int:
        return sum(each.kind == "schedule" for each in self.tops)

    def _is_schedule_due(self, mark: Mark, line: Line) -> bool:
        """After a gap or a whole sentence; and where it is the next one, and looks like a heading, anyway."""
        is_heading = mark.number == str(self._schedules + 1) and not re.search(r"[。、]", mark.rest)
        return self.is_settled or line.gap or is_heading

    def _chapter_id(self, written: str) -> str:
        """`chapter:2` of 第2章, `chapter:2.1` of its first 節."""
        number, unit = written[:-1], written[-1]
        above = next((each for each in reversed(self.tops) if each.number.endswith("章")), None)
        return f"{above.id}.{number}" if above and unit in "節款" else f"chapter:{number}"

    def _is_article_due(self, mark: Mark, line: Line, after: Line | None) -> bool:
        numbers = [int(each.number.split("-")[0]) for each in self.tops if each.kind == "article"]
        due = max(numbers, default=0) + 1
        number = int(mark.number.split("-")[0])
        if number > 999 or (self.top is not None and self.top.kind == "schedule" and number < due):
            return False
        if after is not None and not after.gap and _CONTINUES.match(after.text):
            return False
        if number == due or (number == due - 1 and "-" in mark.number):
            return True if mark.rest.endswith("\n") else self.is_settled or line.gap
        return self.is_settled and (line.gap or self.here.kind != "paragraph")

    def _article(self, mark: Mark, line: Line) -> bool:
        title, _, body = mark.rest.partition("\n")
        if self.top is not None and self.top.kind == "supplement":
            return self._paragraph(Mark("number", mark.number, body or title, True), line)
        draft = Draft("article", f"art:{mark.number}", mark.number, title)
        if not title and (caption := self._caption()):
            draft.heading = caption.text.strip("()【】[]")
            draft.lines.append(caption.line)
        self.open_top(draft).lines.append(line.at)
        if body:
            paragraph = self.body()
            paragraph.pieces.append(Piece(line.at, body, line.gap))
        return True

    def _caption(self) -> Piece | None:
        """A heading in brackets on the line above an article, as statutes have it: taken from what holds it."""
        here = self.here
        last = here.pieces[-1] if here.pieces else None
        if last is None or not re.fullmatch(r"[(【\[].{1,30}[)】\]]", last.text) or self.before is None:
            return None
        if last.line != self.before.at:
            return None
        here.pieces.pop()
        here.lines.remove(last.line)
        return last

    def _supplement(self, mark: Mark, line: Line) -> None:
        draft = self.open_top(Draft("supplement", "suppl:dates", "", "附則"))
        draft.lines.append(line.at)
        if found := DATE.search(mark.rest):
            day = day_of(found)
            self.enter(draft, draft.open("edition", f"suppl:{day or found[0]}", found[0]))
            self.here.day = day

    def _edition(self, line: Line) -> None:
        top, found = self.stack[0], DATE.search(line.text)
        assert found is not None
        day = day_of(found)
        edition = self.enter(top, top.open("edition", f"suppl:{day or found[0]}", found[0], line.text))
        edition.day = day
        edition.lines.append(line.at)

    # -- what a line opens below

    def _opens_below(self, mark: Mark, line: Line) -> bool:
        top = self.top
        if top is None or top.kind in ("front", "chapter"):
            return False
        match mark.form:
            case "number" if mark.is_amount and not self._stands_apart(mark, line):
                return False
            case "number" if (mark.dotted or self._is_listed(mark, line)) and self._outlined(mark, line):
                return True
            case "number" if top.kind == "schedule":
                return self._section(mark, line)
            case "number":
                return self._paragraph(mark, line)
            case "relation" if top.kind == "schedule" and (self.is_settled or line.gap):
                return self._part(line)
            case "item":
                return self._item(mark, line)
            case "subitem":
                return self._subitem(mark, line)
        return False

    def _stands_apart(self, mark: Mark, line: Line) -> bool:
        """Whether a figure before what could be a unit is a number all the same: no sentence is open above it."""
        is_heading = len(mark.rest) <= 30 and not re.search(r"[。、]|[ぁ-ん]$", mark.rest)
        is_closed = self.before is None or self.before.is_complete
        in_schedule = self.stack[0].kind == "schedule"
        return mark.spaced and line.gap and (is_closed or (in_schedule and is_heading))

    def _is_due(self, number: int, last: int, mark: Mark, line: Line) -> bool:
        if number == last + 1:
            return line.gap or self.is_settled or (mark.spaced and self.here.kind in ("item", "subitem"))
        leaps = last < number <= last + 1 + _LEAP
        return mark.spaced and self.is_settled and line.gap and (leaps or number == last or number == 1)

    def _paragraph(self, mark: Mark, line: Line) -> bool:
        top = self.stack[0]
        home = top if top.kind == "article" else self.below("edition")
        if top.kind == "supplement" and home is None:
            home = self.enter(top, top.open("edition", UNDATED))
        if home is None or home.kind not in ("article", "edition"):
            return False
        newest = home.last("paragraph")
        number, last = int(mark.number.split("-")[0]), int(newest.number) if newest else 0
        if not (self._is_due(number, last, mark, line) or (not newest and number == 2 and mark.spaced)):
            return False
        draft = self.enter(home, home.open("paragraph", f"{home.id}.{number}", str(number)))
        draft.add(line, mark.rest)
        if mark.dotted:
            draft.indent, draft.written, draft.is_dotted = line.indent, mark.number, True
        return True

    def _is_listed(self, mark: Mark, line: Line) -> bool:
        """Plain figures that count things below a first paragraph without number: `１　甲` after `次の事業`."""
        beside = any(each.indent is not None and not each.is_dotted for each in self.stack)
        leads = any(
            re.search(r"次の|次に|以下|下記|左の|各号|とおり", piece.text) for piece in self.here.pieces
        )
        below = self.here.kind == "paragraph" and self.here.is_implied and leads
        return beside or (mark.spaced and mark.number == "1" and below and (line.gap or self.is_settled))

    def _outlined(self, mark: Mark, line: Line) -> bool:
        """Dotted figures that stand deeper than those above: items of a paragraph, sub-items of an item.

        Markdown writes `1.` before each; then the place counts.
        """
        listed = [each for each in self.stack if each.indent is not None and each.indent <= line.indent + 1]
        beside = next((each for each in reversed(listed) if (each.indent or 0) >= line.indent - 1), None)
        if beside is not None:
            parent = self.stack[self.stack.index(beside) - 1]
            number = int(beside.number) + 1 if mark.number == beside.written == "1" else int(mark.number)
            return number == int(beside.number) + 1 and self._list(parent, beside.kind, number, mark, line)
        holder = self.below("item") or self.below("paragraph") or self.below("section")
        leads = holder is not None and (bool(listed) or (holder.is_implied and bool(holder.pieces)))
        if holder is None or holder.kind == "item" or not leads or int(mark.number) != 1:
            return False
        return self._list(holder, "item", 1, mark, line)

    def _list(self, parent: Draft, kind: Kind, number: int, mark: Mark, line: Line) -> bool:
        draft = self.enter(parent, parent.open(kind, f"{parent.id}.{number}", str(number)))
        draft.indent, draft.written, draft.is_dotted = line.indent, mark.number, mark.dotted
        draft.add(line, mark.rest)
        return True

    def _section(self, mark: Mark, line: Line) -> bool:
        schedule = self.stack[0]
        newest = schedule.last("section")
        last = int(newest.number) if newest else 0
        number = int(mark.number)
        is_heading = mark.spaced and len(mark.rest) <= 30 and not re.search(r"[。、]", mark.rest)
        if not (self._is_due(number, last, mark, line) or (is_heading and number == last + 1)):
            return False
        draft = self.enter(schedule, schedule.open("section", f"{schedule.id}.{mark.number}", mark.number))
        draft.lines.append(line.at)
        if len(mark.rest) <= 40 and not re.search(r"[。]", mark.rest):
            draft.heading = mark.rest
        else:
            draft.pieces.append(Piece(line.at, mark.rest, line.gap))
        return True

    def _part(self, line: Line) -> bool:
        """A part of a schedule that has a heading (`第7条第1項関係`) and no number: its place gives one."""
        schedule = self.stack[0]
        newest = schedule.last("section")
        if newest is not None and not newest.is_implied:
            return False
        number = str(int(newest.number) + 1 if newest else 1)
        draft = schedule.open("section", f"{schedule.id}.{number}", number, line.text, implied=True)
        self.enter(schedule, draft).lines.append(line.at)
        return True

    def _item(self, mark: Mark, line: Line) -> bool:
        home = self.below("section") or self.below("paragraph") or self._home_of_item()
        if home is None:
            return False
        newest = home.last("item")
        last = int(newest.number) if newest else 0
        number = int(mark.number) if mark.number.isdecimal() else figure(mark.number)
        due = number == last + 1 if not mark.spaced else self._is_item_due(number, home, line)
        if not due:
            return False
        draft = self.enter(home, home.open("item", f"{home.id}.{number}", str(number)))
        draft.add(line, mark.rest)
        return True

    def _is_item_due(self, number: int, home: Draft, line: Line) -> bool:
        """The next one; or after a gap or within the list one that is not there yet; or one told twice."""
        had = {int(each.number) for each in home.children if each.kind == "item"}
        last = max(had, default=0)
        within = self.here.kind == "item" and number not in had and number <= last + 1 + _LEAP
        return (
            number == last + 1
            or within
            or (line.gap and number > last)
            or (self.is_settled and number in had)
        )

    def _home_of_item(self) -> Draft | None:
        here = self.here
        if here.kind in ("article", "edition"):
            return self.body()
        return self.stack[0] if self.stack[0].kind == "schedule" else None

    def _subitem(self, mark: Mark, line: Line) -> bool:
        home = self.below("item") or self.below("section") or self.below("paragraph")
        if home is None:
            return False
        count = sum(child.kind == "subitem" for child in home.children)
        number = ordinal(mark.number, count + 1)
        if number <= count or number > len(ROMAN) or (not mark.spaced and number != count + 1):
            return False
        draft = self.enter(home, home.open("subitem", f"{home.id}.{ROMAN[number - 1]}", mark.number))
        draft.add(line, mark.rest)
        return True
