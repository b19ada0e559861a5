package sse

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func BenchmarkSmallEvents(b *testing.B) {
	const event = "data: {\"type\":\"text\",\"content\":\"Hi! \"}\n\n"
	for _, form := range []struct{ name, event string }{
		{"LF", event},
		{"CRLF", strings.ReplaceAll(event, "\n", "\r\n")},
		{"CR", strings.ReplaceAll(event, "\n", "\r")},
		{"named", "event: text\nid: 17\n" + event},
		{"twoLines", "data: one\n" + event},
	} {
		for _, piece := range []int{len(form.event), 1 << 10, 64 << 10} {
			b.Run(fmt.Sprintf("%s/piece=%d", form.name, piece), func(b *testing.B) {
				const events = 10_000
				input := bytes.Repeat([]byte(form.event), events)
				d := NewDecoder(4 << 20)
				b.ReportAllocs()
				b.SetBytes(int64(len(input)))
				for b.Loop() {
					if n := feed(b, d, input, piece); n != events {
						b.Fatalf("%d events, want %d", n, events)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*events), "ns/event")
			})
		}
	}
}

func BenchmarkBigEvent(b *testing.B) {
	for _, c := range []struct {
		name        string
		line, lines int
		piece       int
	}{
		{"64KiB", 64 << 10, 1, 1 << 30},
		{"1MiB", 1 << 20, 1, 1 << 30},
		{"16MiB", 16 << 20, 1, 1 << 30},
		{"1MiB/piece=1KiB", 1 << 20, 1, 1 << 10},
		{"16MiB/piece=1KiB", 16 << 20, 1, 1 << 10},
		{"64KiB/lines=100B", 100, 655, 1 << 30},
		{"1MiB/lines=100B", 100, 10_485, 1 << 30},
		{"16MiB/lines=100B", 100, 167_772, 1 << 30},
		{"1MiB/lines=100B/piece=1KiB", 100, 10_485, 1 << 10},
	} {
		b.Run(c.name, func(b *testing.B) {
			line := "data: " + strings.Repeat("x", c.line) + "\n"
			input := []byte(strings.Repeat(line, c.lines) + "\n")
			d := NewDecoder(32 << 20)
			b.ReportAllocs()
			b.SetBytes(int64(len(input)))
			for b.Loop() {
				if n := feed(b, d, input, c.piece); n != 1 {
					b.Fatalf("%d events, want 1", n)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(input)), "ns/B")
		})
	}
}
