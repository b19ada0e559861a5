package wire

import (
	"bytes"
	"fmt"
	"reflect"
)

// What decoding may cost in bytes, for each value, for each object, which may become a
// map, and for each byte of a long string, which is copied on the way.
const (
	maxMemory    = 128 << 20
	memoryValue  = 96
	memoryObject = 320
	memoryText   = 3
	longText     = 1 << 20
	smallBody    = 256 << 10 // not worth counting
)

// checkMemory rejects a body that would take too much memory once it is decoded: a
// few bytes of JSON, such as {}, may become a large value. row is the size of a row of
// the list in its data, 0 if it is not a list.
func checkMemory(body []byte, row uintptr) error {
	if len(body) < smallBody {
		return nil
	}
	rowCost := max(memoryValue, int(row)*9/4) // a slice that grows is there twice
	depth, cost := 0, 0
	for i := 0; i < len(body) && cost <= maxMemory; i++ {
		switch body[i] {
		case '"':
			end := endOfString(body, i+1)
			if end-i > longText {
				cost += memoryText * (end - i)
			}
			i = end
		case '{', '[':
			if depth >= 2 && body[i] == '{' {
				cost += memoryObject
			}
			depth++
			fallthrough
		case ',':
			if depth == 2 {
				cost += rowCost
			} else {
				cost += memoryValue
			}
		case '}', ']':
			depth--
		}
	}
	switch {
	case cost <= maxMemory:
		return nil
	case row > 0:
		return fmt.Errorf("the list would take more than %d MiB of memory; ask for fewer rows with Limit", maxMemory>>20)
	}
	return fmt.Errorf("the response would take more than %d MiB of memory", maxMemory>>20)
}

// endOfString returns the index of the quote that ends the string at i, or len(body).
func endOfString(body []byte, i int) int {
	for start := i; ; i++ {
		n := bytes.IndexByte(body[i:], '"')
		if n < 0 {
			return len(body)
		}
		i += n
		escapes := 0
		for i-escapes > start && body[i-escapes-1] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
	}
}

// rowSize returns the size of an element of the list that out points to, 0 if it does
// not point to a list.
func rowSize(out any) uintptr {
	if t := reflect.TypeOf(out).Elem(); t.Kind() == reflect.Slice {
		return t.Elem().Size()
	}
	return 0
}
