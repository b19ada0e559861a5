package wire

import (
	"bytes"
	"fmt"
	"reflect"
)

// Limits and estimates of the memory that decoding needs, in bytes.
const (
	maxMemory    = 128 << 20
	memoryValue  = 96  // per value
	memoryObject = 320 // per object, which may become a map
	memoryText   = 3   // per byte of a long string, which is copied
	longText     = 1 << 20
	smallBody    = 256 << 10 // smaller bodies are not checked
)

// checkMemory rejects a body that would need too much memory when decoded. A few bytes
// of JSON, such as {}, may become a large value. row is the size of the Go type of a row
// if the data is a list, otherwise 0.
func checkMemory(body []byte, row uintptr) error {
	if len(body) < smallBody {
		return nil
	}
	rowCost := max(memoryValue, int(row)*9/4) // growing a slice copies it
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
		return fmt.Errorf("the list would need more than %d MiB of memory; request fewer rows with Limit", maxMemory>>20)
	}
	return fmt.Errorf("the response would need more than %d MiB of memory", maxMemory>>20)
}

// endOfString returns the index of the quotation mark that ends the string starting at
// i, or len(body).
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

// rowSize returns the size of an element of the slice that out points to, or 0 if out
// does not point to a slice.
func rowSize(out any) uintptr {
	if t := reflect.TypeOf(out).Elem(); t.Kind() == reflect.Slice {
		return t.Elem().Size()
	}
	return 0
}
