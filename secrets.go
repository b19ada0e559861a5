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

// Secrets are secret values by their names, such as anthropicApiKey. fmt and slog print
// only the names. fmt prints the values where it does not call methods: for the verb %w,
// and of values in the unexported fields of a struct. Marshalling them, also with gob, is
// an error, so that no mask is ever sent in the place of a value; the SDK sends them by a
// way of its own.
type Secrets map[string]string

// The names of secrets that Agento knows as credentials of language models.
// AnthropicAPIKey is documented, the others are inferred.
const (
	AnthropicAPIKey = "anthropicApiKey"
	OpenAIAPIKey    = "openaiApiKey"
	GeminiAPIKey    = "geminiApiKey"
)

// String lists the names.
func (s Secrets) String() string {
	names := make([]string, 0, len(s))
	for name := range s {
		names = append(names, errs.Word(name))
	}
	slices.Sort(names)
	return "Secrets[" + strings.Join(names, " ") + "]"
}

// GoString lists the names.
func (s Secrets) GoString() string { return "agento." + s.String() }

// Format lists the names, whatever the verb.
func (s Secrets) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue lists the names.
func (s Secrets) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON is an error.
func (s Secrets) MarshalJSON() ([]byte, error) { return nil, errSecretsMarshalled }

// MarshalText is an error.
func (s Secrets) MarshalText() ([]byte, error) { return nil, errSecretsMarshalled }

// MarshalBinary is an error. It is what encoding/gob calls.
func (s Secrets) MarshalBinary() ([]byte, error) { return nil, errSecretsMarshalled }

var errSecretsMarshalled = errors.New("agento: Secrets are not marshalled, only sent by the methods that take them")

// wire is the form in which secrets are sent.
func (s Secrets) wire() any { return map[string]string(s) }

func (s Secrets) secrets() Secrets { return s }

// values are what an error of the service may repeat. Those that may hold others
// come first.
func (s Secrets) values() []string {
	all := slices.Collect(maps.Values(s))
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

// check refuses what the service could only refuse.
func (s Secrets) check() error {
	for name, value := range s {
		if name == "" {
			return errs.Argument("Secrets", "hold an empty name")
		}
		if value == "" {
			return errs.Argument("Secrets", "hold an empty value for %s", errs.Line(name))
		}
	}
	return nil
}
