package transport

import (
	"bytes"
	"errors"
	"strings"
)

const redacted = "[redacted]"

// shortest is the length below which a key is not looked for: replacing it
// would garble text that has nothing to do with it.
const shortest = 8

// scrub takes the key out of everything that a caller may print: a service or a
// proxy can echo a request, and a caller's transport can quote it in an error.
func (out *Outcome) scrub(key string) {
	if len(key) < shortest {
		return
	}
	for _, values := range out.Header {
		for i, v := range values {
			if strings.Contains(v, key) {
				values[i] = strings.ReplaceAll(v, key, redacted)
			}
		}
	}
	if failed(out) && bytes.Contains(out.Body, []byte(key)) {
		out.Body = bytes.ReplaceAll(out.Body, []byte(key), []byte(redacted))
	}
	out.Err = scrubError(out.Err, key)
}

// scrubError replaces an error that quotes the key by one that does not. The
// original cannot stay reachable, so its identity goes with it.
func scrubError(err error, key string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if !strings.Contains(text, key) {
		return err
	}
	return errors.New(strings.ReplaceAll(text, key, redacted))
}
