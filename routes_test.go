package agento_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// composed are the service methods that are not one operation but use others.
var composed = []string{
	"Agents.All", "Agents.WaitUntil",
	"Account.AllRules", "Account.EditPersonality", "Account.EditWorkflow",
	"Chat.Ask", "Chat.AllHistory", "Chat.AllSessions",
	"Knowledge.All",
	"Skills.AllMarketplace", "Skills.Custom", "Skills.AllCustom", "Skills.Deploy",
	"Swarms.All",
}

func TestEveryOperationHasAMethod(t *testing.T) {
	require.Len(t, route.All(), 43)
	methods := harness.ServiceMethods()
	rest := harness.ServiceMethods()
	for _, r := range route.All() {
		require.Contains(t, methods, r.Call, "the method of %s", r.Name)
		delete(rest, r.Call)
	}
	for _, call := range composed {
		require.Contains(t, rest, call)
		delete(rest, call)
	}
	require.Empty(t, rest, "methods that no operation and no list names")
}

// Every method takes a context first and options last.
func TestServiceMethodsLookAlike(t *testing.T) {
	for call, m := range harness.ServiceMethods() {
		in := m.Type
		require.Equal(t, "context.Context", in.In(1).String(), call)
		require.True(t, in.IsVariadic(), call)
		require.Equal(t, reflect.TypeFor[[]agento.Option](), in.In(in.NumIn()-1), call)
	}
}
