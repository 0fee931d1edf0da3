"""Source made tidy: JSON by dprint's plug-in, Go by gofmt."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable

from ..given import Given
from ..machines import Machine, Open


class Dprint:
    """A plug-in of dprint, version 4 of its interface: texts pass through one buffer."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        assert machine.call("dprint_plugin_version_4") == 4
        self.send(json.dumps({"plugin": {"indentWidth": 4}, "global": {"lineWidth": 60}}))
        machine.call("register_config", 1)

    def send(self, text: str) -> None:
        data = text.encode()
        at = self._machine.call("clear_shared_bytes", len(data))
        self._machine.write(at, data)

    def take(self, name: str, *arguments: int) -> str:
        size = self._machine.call(name, *arguments)
        return self._machine.read(self._machine.call("get_shared_bytes_ptr"), size).decode()

    def format(self, text: str) -> tuple[str, str]:
        """What happened, and the text that came out or what is wrong."""
        self.send("file.json")
        self._machine.call("set_file_path")
        self.send(text)
        done = self._machine.call("format", 1)
        if done == 0:
            return "same", text
        return (
            ("changed", self.take("get_formatted_text"))
            if done == 1
            else ("error", self.take("get_error_text"))
        )


def _value(numbers: random.Random, depth: int) -> object:
    """Anything that JSON can say."""
    kind = numbers.randrange(7 if depth else 5)
    if kind == 5:
        return [_value(numbers, depth - 1) for _ in range(numbers.randint(0, 5))]
    if kind == 6:
        return {_text(numbers): _value(numbers, depth - 1) for _ in range(numbers.randint(0, 5))}
    return (
        None,
        numbers.random() < 0.5,
        numbers.randint(-(10**12), 10**12),
        numbers.gauss(0, 1e9),
        _text(numbers),
    )[kind]


def _text(numbers: random.Random) -> str:
    return "".join(numbers.choice('ab Ü\n"\\/€😀\t') for _ in range(numbers.randint(0, 12)))


def _dprint(open_: Open, given: Given) -> list[object]:
    plugin, numbers = Dprint(open_()), given.random()
    info = json.loads(plugin.take("get_plugin_info"))
    assert info["name"] == "dprint-plugin-json", info
    found: list[object] = [plugin.take("get_resolved_config", 1), plugin.take("get_license_text")]
    for _ in range(15 * given.scale):
        value = _value(numbers, 4)
        ugly = json.dumps(
            value,
            ensure_ascii=numbers.random() < 0.5,
            separators=numbers.choice(((",", ":"), (" ,  ", ":\n "))),
        )
        done, tidy = plugin.format(ugly)
        assert done != "error" and json.loads(tidy) == value, ugly
        assert plugin.format(tidy) == ("same", tidy)
        found += [done, tidy]
    assert plugin.format('{ // said\n"a":1}')[1] == '{ // said\n    "a": 1\n}\n'
    for wrong in ('{"a":', "[1,,2]", '"\\u12"', "nul"):
        done, said = plugin.format(wrong)
        assert done == "error", wrong
        found.append(said)
    return found


_GO = """\
package   main
import ("fmt"
"os";"strings")
// Point is one.
type Point struct{X,Y int
Label string `json:"label"`}
func (p *Point)Add(q Point)(r Point){r.X=p.X+q.X;r.Y = p.Y+  q.Y
return}
func main(){
for i:=0;i<10;i++{if i%2==0{fmt.Println(i, "even")}else{fmt.Println( i )}}
m:=map[string][]int{"a":{1,2,3},"longer":nil}
switch x:=len(m);{case x>1:fallthrough
default:os.Exit(x<<1|3)}
go func(){defer close(make(chan int));_=strings.Repeat("x",0x_FF)}()
}
"""
_TIDY = """\
package main

import (
	"fmt"
	"os"
	"strings"
)

// Point is one.
type Point struct {
	X, Y  int
	Label string `json:"label"`
}

func (p *Point) Add(q Point) (r Point) {
	r.X = p.X + q.X
	r.Y = p.Y + q.Y
	return
}
func main() {
	for i := 0; i < 10; i++ {
		if i%2 == 0 {
			fmt.Println(i, "even")
		} else {
			fmt.Println(i)
		}
	}
	m := map[string][]int{"a": {1, 2, 3}, "longer": nil}
	switch x := len(m); {
	case x > 1:
		fallthrough
	default:
		os.Exit(x<<1 | 3)
	}
	go func() { defer close(make(chan int)); _ = strings.Repeat("x", 0x_FF) }()
}
"""


def _gofmt(open_: Open, given: Given) -> list[object]:
    machine, numbers = open_(), given.random()
    machine.call("_initialize")

    def format_(text: str) -> tuple[int, str]:
        data = text.encode()
        at = machine.call("alloc", len(data))
        machine.write(at, data)
        done = machine.call("format")
        said = machine.read(machine.call("output_ptr"), machine.call("output_len")) if done else data
        machine.call("dispose")
        return done, said.decode()

    assert format_(_GO) == (1, _TIDY)
    assert format_(_TIDY) == (0, _TIDY)
    found: list[object] = []
    words = re.findall(r"\w+|\s+|[^\w\s]", _GO)
    for _ in range(8 * given.scale):
        # Statements that are doubled or gone, and a word that is somewhere else: some of it is Go.
        at = numbers.randrange(len(words))
        other = [*words[:at], numbers.choice(words), *words[at + numbers.randrange(2) :]]
        done, said = format_("".join(other))
        if done == 1:
            assert format_(said) == (0, said)
        found += [done, said]
    return found


_DRIVERS: dict[str, Callable[[Open, Given], list[object]]] = {"dprint-json": _dprint, "gofmt": _gofmt}


def drive(open_: Open, given: Given) -> list[object]:
    """Texts that were made tidy, and what is said of those that are wrong."""
    return _DRIVERS[given.program.name](open_, given)
