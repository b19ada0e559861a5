package wire

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// CutSplit splits an incomplete character from the end of a JSON string: the first bytes
// of a UTF-8 sequence, or the escaped first half of a surrogate pair.
func CutSplit(literal string) (whole, split string) {
	for n := 1; n < utf8.UTFMax && n <= len(literal); n++ {
		if end := literal[len(literal)-n:]; utf8.RuneStart(end[0]) {
			if end[0] >= utf8.RuneSelf && !utf8.FullRuneInString(end) {
				return literal[:len(literal)-n], end
			}
			break
		}
	}
	const escape = len(`\ud83d`)
	if len(literal) < escape {
		return literal, ""
	}
	before, end := literal[:len(literal)-escape], literal[len(literal)-escape:]
	escaped := (len(before)-len(strings.TrimRight(before, `\`)))%2 == 1 // the backslash is itself escaped
	unit, err := strconv.ParseUint(end[2:], 16, 16)
	if end[:2] != `\u` || escaped || err != nil || unit < 0xd800 || unit > 0xdbff {
		return literal, ""
	}
	return before, end
}

// TextEvent is the fast path for text events in their documented form. It returns the
// text between the quotation marks of the content, and whether that is ASCII without
// escapes.
func TextEvent(raw string) (literal string, ascii, ok bool) {
	const head, tail = `{"type":"text","content":"`, `"}`
	if len(raw) < len(head)+len(tail) || raw[:len(head)] != head || raw[len(raw)-len(tail):] != tail {
		return "", false, false
	}
	literal, ascii = raw[len(head):len(raw)-len(tail)], true
	for i := 0; i < len(literal); i++ {
		switch c := literal[i]; {
		case c == '\\':
			ascii = false
			i++ // the escaped character may be a quotation mark
			if i == len(literal) {
				return "", false, false
			}
		case c < ' ' || c == '"':
			return "", false, false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return literal, ascii, true
}

// SplitLogLine splits a log line into its time, level and message. A line without time or
// level is returned as the message.
func SplitLogLine(line string) (at *time.Time, level, message string) {
	message = line
	word, rest, _ := strings.Cut(line, " ")
	if t, err := time.Parse(time.RFC3339, strings.Trim(word, "[]")); err == nil {
		at, message = &t, strings.TrimLeft(rest, " ")
		word, rest, _ = strings.Cut(message, " ")
	}
	switch l := strings.Trim(word, "[]:"); l {
	case "INFO", "WARN", "ERROR", "DEBUG":
		level, message = l, strings.TrimLeft(rest, " ")
	}
	return at, level, message
}

// EventError returns the error of an event in any of the expected forms. isError means
// that the code and message may be fields of the event itself.
func EventError(fields map[string]json.RawMessage, isError bool) (code, message string, ok bool) {
	object := fields["error"]
	var inner map[string]json.RawMessage
	if json.Unmarshal(object, &inner) != nil || inner["code"] == nil && inner["message"] == nil {
		inner = nil
		if isError {
			inner = fields
		}
	}
	if code, message := inner["code"], inner["message"]; code != nil || message != nil {
		return String(code), String(message), true
	}
	if object == nil || isNull(object) {
		return "", "", false
	}
	return "", String(object), true
}

// Named decodes a name, or an object with id and name.
func Named(data []byte) (id, name string) {
	if json.Unmarshal(data, &name) == nil {
		return "", name
	}
	var fields struct{ ID, Name json.RawMessage }
	_ = json.Unmarshal(data, &fields)
	return String(fields.ID), String(fields.Name)
}

// Counter decodes a number, or an object with used and limit.
func Counter(data []byte) (used float64, limit *float64) {
	fields := struct{ Used, Limit json.RawMessage }{Used: data}
	if bytes.HasPrefix(data, []byte("{")) {
		fields.Used = nil
		_ = json.Unmarshal(data, &fields)
	}
	_ = json.Unmarshal(fields.Used, &used)
	if json.Unmarshal(fields.Limit, &limit) != nil {
		limit = nil // json.Unmarshal allocates it even if it fails
	}
	return used, limit
}
