package agento

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/remsyshq/agento-go/internal/errs"
)

// Secrets has secret values by name, such as anthropicApiKey. slog prints only the names. So
// does fmt, except where it does not call methods: for the verb %w, and in unexported fields
// of a struct. Marshaling Secrets, also with encoding/gob, is an error.
type Secrets map[string]string

// The names of the credentials of language models. AnthropicAPIKey is documented; the
// others are inferred.
const (
	AnthropicAPIKey = "anthropicApiKey"
	OpenAIAPIKey    = "openaiApiKey"
	GeminiAPIKey    = "geminiApiKey"
)

// String returns the names.
func (s Secrets) String() string {
	names := make([]string, 0, len(s))
	for name := range s {
		names = append(names, errs.Word(name))
	}
	slices.Sort(names)
	return "Secrets[" + strings.Join(names, " ") + "]"
}

// GoString returns the names.
func (s Secrets) GoString() string { return "agento." + s.String() }

// Format writes the names.
func (s Secrets) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue returns the names.
func (s Secrets) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON returns an error.
func (s Secrets) MarshalJSON() ([]byte, error) { return nil, errSecretsMarshaled }

// MarshalText returns an error.
func (s Secrets) MarshalText() ([]byte, error) { return nil, errSecretsMarshaled }

// MarshalBinary returns an error. encoding/gob calls it.
func (s Secrets) MarshalBinary() ([]byte, error) { return nil, errSecretsMarshaled }

var errSecretsMarshaled = errors.New("agento: Secrets cannot be marshaled; pass them to the methods that send them")

// wire returns the form in which secrets are sent.
func (s Secrets) wire() any { return map[string]string(s) }

func (s Secrets) secrets() Secrets { return s }

// values returns the values to redact, longer ones first: they may contain others.
func (s Secrets) values() []string {
	all := slices.Collect(maps.Values(s))
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

// check returns an error for an empty name or value.
func (s Secrets) check() error {
	for name, value := range s {
		if name == "" {
			return errs.Argument("Secrets", "have an empty name")
		}
		if value == "" {
			return errs.Argument("Secrets", "have an empty value for %s", errs.Line(name))
		}
	}
	return nil
}
