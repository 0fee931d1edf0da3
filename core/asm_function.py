"""The body of a function in assembly: instructions, labels, and what belongs to instructions."""

from __future__ import annotations

from collections.abc import Callable

from ..opcodes import Opcode, types
from .asm_scope import Block, Key, Scope, Table, directive_of, read_declared, read_key
from .code import highest, relax, write_leb
from .module import MAX_FRAME_CELLS, UNMEASURED, Function, FunctionType
from .text import FLOAT_WORDS, Fault, Token, Words, suggestion
from .wellformed import MAX_LINE

_U31 = 0x7FFFFFFF
NAMED = ("word", "string", "handle")
# Immediates that can be left out where they are the first one of the module.
IMPLIED = ("memory", "table")
# Immediates that name a thing of the program, and the table of the scope that has the names.
LISTED = {"func": "functions", "memory": "memories", "data": "data", "table": "tables", "elem": "elements"}
LISTED["import"] = "imports"


class FunctionBody:
    """A function while it is assembled: pieces of code, labels, and what belongs to instructions."""

    def __init__(self, scope: Scope, block: Block) -> None:
        self.scope, self.name = scope, block.name
        self.types = scope.types
        self.locals = Table("local")
        self.local_types: list[int] = []
        self.named = True
        self.max_stack = UNMEASURED
        self.pieces: list[bytes | int] = []
        self.labels: dict[Key, int] = {}
        self.places: list[int] = []
        self.wanted: dict[Key, Token] = {}
        self.shape_rows: list[tuple[int, tuple[int, ...], Token]] = []
        self.own_lines: list[tuple[int, int]] = []
        self.stated_lines: list[tuple[int, int, bool, Token]] = []  # place, line, place is an offset
        self.explicit = False
        self.type = self._read_head(block.head)
        self.type_index = -1
        for number, words in enumerate(block.body):
            self._line(words, number == 0)
        self._intern_type()
        missing = next(
            (token for key, token in self.wanted.items() if self.places[self.labels[key]] < 0), None
        )
        if missing is not None:
            known = [text for (_, text), at in self.labels.items() if self.places[at] >= 0]
            raise Fault(f"no label is called {missing.text}{suggestion(missing.text, known)}", missing)
        self.offsets = relax(self.pieces, self.places)

    def _read_head(self, words: Words) -> FunctionType:
        type_ = self._read_type(words)
        words.finish()
        return type_

    def _read_type(self, words: Words) -> FunctionType:
        """`(a: T, …) -> R`."""

        def parameter(words: Words) -> None:
            self.locals.add(read_declared(words))
            words.expect(":")
            self.local_types.append(self.types.read(words))

        words.expect("(")
        words.listed(parameter, ")")
        self.parameters = tuple(self.local_types)
        return FunctionType(self.parameters, self.types.read_results(words))

    def _intern_type(self) -> None:
        if self.type_index < 0:
            self.type_index = self.types.intern(self.type)

    def _line(self, words: Words, first: bool) -> None:
        directive = directive_of(words)
        if directive != ".signature" or not first:
            self._intern_type()
        if directive:
            self._directive(directive, words)
            return
        while words.ahead(1).text == ":" and words.ahead(1).kind == "mark":
            token = words.next
            self._place(read_key(words), token)
            words.take()
        if words.next.kind != "end":
            self._instruction(words)
            words.finish()

    def _place(self, key: Key, token: Token) -> None:
        number = self._label(key)
        if self.places[number] >= 0:
            raise Fault(f"label {token.text} exists already", token)
        self.places[number] = len(self.pieces)

    def _label(self, key: Key) -> int:
        if key not in self.labels:
            self.labels[key] = len(self.places)
            self.places.append(-1)
        return self.labels[key]

    # --- directives -----------------------------------------------------------------------------------

    def _directive(self, directive: str, words: Words) -> None:
        actions: dict[str, Callable[[Words, Token], None]] = {
            ".local": self._local,
            ".max_stack": self._max_stack,
            ".shape": self._shape,
            ".line": self._state_line,
            ".nolines": self._nolines,
            ".nonames": self._nonames,
            ".signature": self._signature,
        }
        place = Token("word", directive, words.next.line, words.next.column)
        if directive not in actions:
            hint = suggestion(directive, [*actions, ".end"])
            raise Fault(f"no directive of a function is called {directive}{hint}", place)
        words.at = 2
        actions[directive](words, place)
        words.finish()

    def _local(self, words: Words, place: Token) -> None:
        while True:
            self.locals.add(read_declared(words))
            words.expect(":")
            self.local_types.append(self.types.read(words))
            if not words.accept(","):
                break

    def _max_stack(self, words: Words, place: Token) -> None:
        self.max_stack = words.integer(0, MAX_FRAME_CELLS)

    def _shape(self, words: Words, place: Token) -> None:
        codes: list[int] = []
        if words.next.kind != "end":
            codes.append(self.types.read(words))
            while words.accept(","):
                codes.append(self.types.read(words))
        self.shape_rows.append((len(self.pieces), tuple(codes), place))

    def _state_line(self, words: Words, place: Token) -> None:
        self.explicit = True
        line = words.integer(0, MAX_LINE)
        stated = words.next.kind == "number"
        at = words.integer(0, _U31) if stated else len(self.pieces)
        self.stated_lines.append((at, line, stated, place))

    def _nolines(self, words: Words, place: Token) -> None:
        self.explicit = True

    def _nonames(self, words: Words, place: Token) -> None:
        self.named = False

    def _signature(self, words: Words, place: Token) -> None:
        token = words.next
        index = self.types.named.get(read_key(words))
        if index is None or self.types.entries[index] != self.type:
            raise Fault(f"{token.text} is not the type of this function", token)
        if self.type_index >= 0:
            raise Fault(".signature stands in the first line behind .func", place)
        self.type_index = index

    # --- instructions ---------------------------------------------------------------------------------

    def _instruction(self, words: Words) -> None:
        token = words.next
        if token.kind not in ("word", "string"):
            words.fail("an instruction")
        name = read_key(words)[1]
        while words.accept("."):
            name += "." + read_key(words)[1]
        try:
            opcode = self.scope.isa.find(name)
        except LookupError as error:
            raise Fault(str(error), Token("word", name, token.line, token.column)) from None
        if not self.own_lines or self.own_lines[-1][1] != token.line:
            self.own_lines.append((len(self.pieces), token.line))
        self.pieces.append(self.scope.pages.encode(opcode, token))
        self._immediates(opcode, words)

    def _immediates(self, opcode: Opcode, words: Words) -> None:
        kinds = opcode.kinds
        class_code, written = -1, False
        for index, (kind, signed) in enumerate(zip(kinds, opcode.signed, strict=True)):
            if kind in IMPLIED and self._left_out(words, written):
                self._emit(0, signed)
                continue
            if written and class_code < 0:
                words.expect(",")
            written = True
            if kind == "targets":
                self._targets(words)
            elif words.next.kind == "raw":
                class_code = -1
                self._emit(self._raw(words, signed, highest(kind)), signed)
            elif kind == "target":
                self._target(words)
            elif kind == "field":
                self._member(words, class_code)
                class_code = -1
            elif kind == "method":
                self._emit(self._method(words, class_code), signed)
                class_code = -1
            else:
                value = self._symbol(kind, signed, words, opcode)
                if kind in ("class", "interface") and kinds[index + 1 : index + 2] in (
                    ("field",),
                    ("method",),
                ):
                    words.expect(".")
                    class_code = value
                    if kinds[index + 1] == "field":
                        continue  # the class that is named is the one that declares the field
                self._emit(value, signed)

    def _left_out(self, words: Words, written: bool) -> bool:
        """Whether a memory or table stands by itself: the first one is meant."""
        return words.next.text != "," if written else words.next.kind not in (*NAMED, "raw")

    def _target(self, words: Words) -> None:
        token = words.next
        key = read_key(words)
        self.wanted.setdefault(key, token)
        self.pieces.append(self._label(key))

    def _targets(self, words: Words) -> None:
        """Labels, the default last; how many there are before it stands in front of them."""
        count = len(self.pieces)
        self.pieces.append(b"")
        while True:
            if words.next.kind == "raw":
                self._emit(self._raw(words, False, _U31), False)
            else:
                self._target(words)
            if not words.accept(","):
                break
        self.pieces[count] = write_leb(len(self.pieces) - count - 2)

    def _emit(self, value: int, signed: bool) -> None:
        self.pieces.append(write_leb(value, signed=signed))

    def _raw(self, words: Words, signed: bool, most: int) -> int:
        """@number: an immediate as it stands in the code, whatever it means."""
        token = words.take()
        digits = token.text[1:]
        value = int(digits) if len(digits) < 12 else 1 << 40
        if not (-_U31 - 1 if signed else 0) <= value <= most:
            raise Fault(f"{token.text} is out of range", token)
        return value

    def _member(self, words: Words, class_code: int) -> None:
        """A field of the class, or an inherited one: the class that declares it, and its ordinal there."""
        if class_code < 0:
            words.fail("a field as Class.field")
        mine = self.scope.fields[class_code - types.FIRST_MODULE_TYPE]
        number = mine.find(words)
        index, table = class_code - types.FIRST_MODULE_TYPE, mine
        while number < table.first and table.above is not None:
            index, table = self.scope.superclasses[index], table.above
        self._emit(types.FIRST_MODULE_TYPE + index, False)
        self._emit(number - table.first, False)

    def _method(self, words: Words, class_code: int) -> int:
        if class_code < 0:
            words.fail("a method as Class.method")
        return self.scope.methods[class_code - types.FIRST_MODULE_TYPE].find(words)

    def _symbol(self, kind: str, signed: bool, words: Words, opcode: Opcode) -> int:
        if kind == "local":
            return self._numbered(self.locals, words)
        if kind == "global":
            return self._numbered(self.scope.globals, words)
        if kind in LISTED:
            return getattr(self.scope, LISTED[kind]).find(words)  # type: ignore[no-any-return]
        if kind == "functype":
            return self.types.read_signature(words)
        if kind == "pool":
            return self._constant(words)
        if kind in ("class", "interface", "array", "reftype"):
            return self._type_operand(kind, words)
        if words.next.kind not in ("number", "char"):
            slots = opcode.declarations[0].signature.immediates
            name = next(slot.name for slot in slots if slot.kind == kind)
            words.fail(f"the {name} of {opcode.name}, a whole number")
        return words.integer(-_U31 - 1 if signed else 0, highest(kind))

    def _numbered(self, table: Table, words: Words) -> int:
        """A local or global, by name or by index."""
        if words.next.kind != "number" or not table.names:
            return table.find(words)
        return words.integer(0, len(table.names) - 1)

    def _constant(self, words: Words) -> int:
        token = words.next
        constants = self.scope.constants
        if token.kind in ("word", "handle") and token.text not in FLOAT_WORDS:
            value = constants.get(read_key(words))
            if value is None:
                raise Fault(
                    f"no constant is called {token.text}{suggestion(token.text, [t for _, t in constants])}",
                    token,
                )
            return value if isinstance(value, int) else self.scope.intern(value)
        return self.scope.intern(words.constant())

    def _type_operand(self, kind: str, words: Words) -> int:
        token = words.next
        code = self.types.read(words)
        index = code - types.FIRST_MODULE_TYPE
        is_class = index in self.scope.fields
        is_interface = index in self.scope.methods and not is_class
        fits = {
            "class": is_class,
            "interface": is_interface,
            "array": index >= 0 and not is_class and not is_interface,
            "reftype": types.is_reference_code(code),
        }
        if not fits[kind]:
            what = {"array": "array type", "reftype": "reference type"}.get(kind, kind)
            raise Fault(f"{token.text} is no {what}", token)
        return code

    # --- result ---------------------------------------------------------------------------------------

    def function(self) -> Function:
        code = b"".join(
            write_leb(self.offsets[self.places[piece]]) if isinstance(piece, int) else piece
            for piece in self.pieces
        )
        locals_ = tuple(self.local_types[len(self.parameters) :])
        return Function(code, self.type_index, locals_, self.max_stack)

    def shapes(self) -> list[tuple[int, tuple[int, ...]]]:
        rows = [(self.offsets[place], codes, token) for place, codes, token in self.shape_rows]
        self._check_order([(offset, token) for offset, _, token in rows], ".shape")
        return [(offset, codes) for offset, codes, _ in rows]

    def lines(self) -> tuple[tuple[int, int], ...]:
        if not self.explicit:
            return tuple((self.offsets[place], line) for place, line in self.own_lines)
        rows = [
            (at if stated else self.offsets[at], line, token) for at, line, stated, token in self.stated_lines
        ]
        self._check_order([(offset, token) for offset, _, token in rows], ".line")
        return tuple((offset, line) for offset, line, _ in rows)

    def _check_order(self, rows: list[tuple[int, Token]], what: str) -> None:
        previous = -1
        for offset, token in rows:
            if offset >= self.offsets[-1]:
                raise Fault(f"{what} has no instruction behind it", token)
            if offset <= previous:
                raise Fault(f"the instruction behind {what} has another one already", token)
            previous = offset
