package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"strings"
	"unicode"
)

// terminal is the user's input and output.
type terminal struct {
	in         io.Reader
	out        io.Writer
	interrupts <-chan os.Signal
}

// readLines reads lines in the background, so that a signal does not wait for a line. The
// lines end with the input or the context; failed then reports the error.
func readLines(ctx context.Context, in io.Reader) (lines <-chan string, failed <-chan error) {
	out, end := make(chan string), make(chan error, 1)
	go func() {
		defer close(out)
		input := bufio.NewScanner(in)
		input.Buffer(nil, 1<<20)
		for input.Scan() {
			select {
			case out <- strings.TrimSpace(input.Text()):
			case <-ctx.Done():
				return
			}
		}
		end <- input.Err()
	}()
	return out, end
}

// printable removes characters that a terminal would interpret.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
}
