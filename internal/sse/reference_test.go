package sse

import (
	"math"
	"math/big"
	"regexp"
	"strings"
	"time"
)

// event is a dispatched event, copied.
type event struct {
	id, typ, data string
	named         bool
}

// memory is the state that is kept across connections.
type memory struct {
	id       string
	retry    time.Duration
	hasRetry bool
}

// outcome is the observable state of a decoder after some input.
type outcome struct {
	events   []event
	pending  bool
	tooLarge bool
	memory
}

var digits = regexp.MustCompile(`^[0-9]+$`)

// reference is a straightforward implementation of the standard. It parses the whole input
// of a connection at once.
func reference(input string, limit int, before memory) outcome {
	input = strings.TrimPrefix(input, "\uFEFF")
	input = strings.ReplaceAll(input, "\r\n", "\n")
	input = strings.ReplaceAll(input, "\r", "\n")
	lines := strings.Split(input, "\n")
	last := len(lines) - 1

	out := outcome{memory: before}
	block := newBlock(out.id)
	for i, line := range lines {
		comment := strings.HasPrefix(line, ":")
		if !comment && line != "" && block.size()+len(line) > limit+len("event: ") {
			out.tooLarge = true
			break
		}
		if i == last {
			out.pending = block.begun || !comment && line != ""
			break
		}
		if comment {
			continue
		}
		if line == "" {
			out.id = block.id
			if block.data != nil {
				out.events = append(out.events, event{block.id, block.typ, strings.Join(block.data, "\n"), block.hasID})
			}
			block = newBlock(out.id)
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		if name == "retry" && digits.MatchString(value) {
			out.retry, out.hasRetry = milliseconds(value), true
		}
		block.add(name, value)
		if block.size() > limit {
			out.tooLarge = true
			break
		}
	}
	out.pending = out.pending || out.tooLarge
	return out
}

// block contains the lines since the last blank line.
type block struct {
	data     []string
	dataSize int // with the LF between the lines
	typ, id  string
	replaced string // the previous ID, if the block has one
	hasID    bool
	begun    bool
}

func newBlock(id string) block { return block{id: id} }

func (b *block) add(name, value string) {
	switch {
	case name == "data":
		if b.data != nil {
			b.dataSize++
		}
		b.data = append(b.data, value)
		b.dataSize += len(value)
	case name == "event":
		b.typ = value
	case name == "id" && !strings.Contains(value, "\x00"):
		if !b.hasID {
			b.replaced = b.id
		}
		b.id, b.hasID = value, true
	default:
		return
	}
	b.begun = true
}

func (b *block) size() int {
	return b.dataSize + len(b.typ) + len(b.id) + len(b.replaced)
}

func milliseconds(digits string) time.Duration {
	n, _ := new(big.Int).SetString(digits, 10)
	n.Mul(n, big.NewInt(int64(time.Millisecond)))
	if !n.IsInt64() {
		return math.MaxInt64
	}
	return time.Duration(n.Int64())
}
