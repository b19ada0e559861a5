package terminal

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"":                   "",
		"客服, naïve — plain":  "客服, naïve — plain",
		"\x1b[31mred\x1b[0m": `\u001b[31mred\u001b[0m`,
		"a\tb\r\nc\a":        `a    b\u000d\u000ac\u0007`,
		"\u202eback":         `\u202eback`,
		"\U000e0041":         `\udb40\udc41`,
		"cut \xff":           "cut \ufffd",
	} {
		require.Equal(t, want, Visible(in))
	}
}
