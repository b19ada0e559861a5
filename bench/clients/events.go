package clients

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

var errCut = errors.New("the answer ended before it was complete")

// readEvents reads the events of a chat as one does without a library: a scanner
// for the lines, encoding/json for the events. The generated clients leave the
// same to their users.
func readEvents(body io.Reader, event func(kind, content string)) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		text, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !ok {
			continue
		}
		var e chatEvent
		if err := json.Unmarshal(text, &e); err != nil {
			return err
		}
		event(e.Type, e.Content)
		if e.Type == "done" {
			return nil
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return errCut
}
