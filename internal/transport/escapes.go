package transport

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// deepest is how many times over a text may be escaped: a message may quote JSON
// that holds JSON.
const deepest = 3

// redactAll takes out of a text what is hidden in it as it stands, and what is
// escaped as in JSON. Encoders differ in what they escape, so the text is compared
// as it reads when nothing is. Of two values that overlap nothing is left.
func redactAll(text string, values []string) string {
	secret := make([]bool, len(text)) // the bytes that are taken out
	plain, at := text, []int(nil)
	mark(secret, plain, origin(at), values)
	for range deepest {
		if !strings.Contains(plain, `\`) {
			break
		}
		plain, at = unescaped(plain, at)
		mark(secret, plain, origin(at), values)
	}
	return without(text, secret)
}

// mark finds the values in a text that begins where begins says in the original.
func mark(secret []bool, text string, begins func(int) int, values []string) {
	for _, v := range values {
		for from := 0; ; from += len(v) {
			i := strings.Index(text[from:], v)
			if i < 0 {
				break
			}
			from += i
			for j := begins(from); j < begins(from+len(v)); j++ {
				secret[j] = true
			}
		}
	}
}

// origin tells where a byte begins in the original; nil is the original itself.
func origin(at []int) func(int) int {
	if at == nil {
		return func(i int) int { return i }
	}
	return func(i int) int { return at[i] }
}

// without replaces each run of bytes that are secret.
func without(text string, secret []bool) string {
	clean := make([]byte, 0, len(text))
	for i, hide := range secret {
		switch {
		case !hide:
			clean = append(clean, text[i])
		case i == 0 || !secret[i-1]:
			clean = append(clean, redacted...)
		}
	}
	return string(clean)
}

// unescaped is a text with the escapes of JSON resolved, whether or not they
// stand in a string. at tells, for each of its bytes and its end, where that
// begins in the original, given the same of the text; nil is the text itself.
func unescaped(text string, of []int) (plain string, at []int) {
	begins := origin(of)
	b := make([]byte, 0, len(text))
	at = make([]int, 0, len(text)+1)
	for i := 0; i < len(text); {
		char, size := text[i:i+1], 1
		if text[i] == '\\' {
			char, size = unescape(text[i:])
		}
		for range len(char) {
			at = append(at, begins(i))
		}
		b = append(b, char...)
		i += size
	}
	return string(b), append(at, begins(len(text)))
}

// unescape reads the escape that a text begins with. What is none stands for
// itself.
func unescape(text string) (char string, size int) {
	if len(text) < 2 {
		return text, 1
	}
	switch c := text[1]; c {
	case 'u':
		return unescapeUnicode(text)
	case 'n':
		return "\n", 2
	case 'r':
		return "\r", 2
	case 't':
		return "\t", 2
	case 'b':
		return "\b", 2
	case 'f':
		return "\f", 2
	case '"', '\\', '/':
		return text[1:2], 2
	}
	return text[:1], 1
}

func unescapeUnicode(text string) (char string, size int) {
	first, ok := hexRune(text)
	if !ok {
		return text[:1], 1
	}
	if utf16.IsSurrogate(first) {
		if second, ok := hexRune(text[6:]); ok {
			if pair := utf16.DecodeRune(first, second); pair != utf8.RuneError {
				return string(pair), 12
			}
		}
	}
	return string(first), 6
}

// hexRune reads the escape of one unit of UTF-16, \u and four digits.
func hexRune(text string) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(n), err == nil
}
