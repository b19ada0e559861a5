package contract

import (
	"reflect"

	agento "github.com/remsyshq/agento-go"
)

// texts are the values of string fields that need a particular text, by field name.
var texts = map[string]string{
	"Version":   "1.0.0",
	"GitHubURL": "https://github.com/owner/repo",
	"Source":    "custom",
	"After":     "0",
}

// leftOut are, by operation, the fields that are missing in each of its samples, because
// some fields exclude others.
var leftOut = map[string][][]string{
	"installSkill": {{"GitHubURL"}, {"SkillID", "Version"}},
	"recentLogs":   {{"Tail", "After"}},
	"streamLogs":   {{"Limit", "After"}, {"Limit", "Tail"}},
}

// freeForm is the single field in samples of objects with arbitrary fields.
const freeForm = "free-form"

// samples returns values of the method's body or filter that together set each field. own
// overrides the text of a field; it may be nil. If the method takes no body or filter,
// samples returns the zero Value.
func (op sdkOperation) samples(own map[string]string) []reflect.Value {
	t := op.paramsType()
	if t == nil {
		return []reflect.Value{{}}
	}
	text := func(field string) string {
		for _, source := range []map[string]string{own, texts} {
			if value, ok := source[field]; ok {
				return value
			}
		}
		return "x"
	}
	v := reflect.New(t).Elem()
	fill(v, "", text)
	var samples []reflect.Value
	for _, fields := range leftOut[op.Name] {
		one := deepCopy(v)
		for _, field := range fields {
			reflect.Indirect(one).FieldByName(field).SetZero()
		}
		samples = append(samples, one)
	}
	if samples == nil {
		samples = []reflect.Value{v}
	}
	return samples
}

// fill sets a value and everything in it to something that can be sent.
func fill(v reflect.Value, field string, text func(field string) string) {
	switch special := v.Addr().Interface().(type) {
	case *agento.Secrets:
		*special = agento.Secrets{agento.AnthropicAPIKey: "x", agento.OpenAIAPIKey: "x", agento.GeminiAPIKey: "x"}
		return
	case *agento.Optional[string]:
		*special = agento.Set(text(field))
		return
	case *agento.Optional[bool]:
		*special = agento.Set(true)
		return
	case *map[string]string: // files
		*special = map[string]string{"SKILL.md": "---\nname: x\ndescription: x\n---\n"}
		return
	case *map[string]any:
		*special = map[string]any{freeForm: text(field)}
		return
	case *any:
		*special = map[string]any{freeForm: text(field)}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), v.Type().Field(i).Name, text)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), field, text)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), field, text)
	case reflect.String:
		v.SetString(text(field))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(2)
	default:
		panic("no sample for " + v.Type().String())
	}
}

// leavingOut returns copies of a sample, each without one of its fields, including nested
// fields.
func leavingOut(sample reflect.Value) []reflect.Value {
	var out []reflect.Value
	for n := 0; ; n++ {
		c := deepCopy(sample)
		left := n
		if !clearNth(c, &left) {
			return out
		}
		out = append(out, c)
	}
}

// clearNth clears the nth field, counting nested fields.
func clearNth(v reflect.Value, n *int) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return clearNth(v.Elem(), n)
	case reflect.Slice:
		return v.Len() > 0 && clearNth(v.Index(0), n)
	case reflect.Struct:
		if isOptional(v.Type()) {
			return false
		}
	default:
		return false
	}
	for i := range v.NumField() {
		if *n == 0 {
			v.Field(i).SetZero()
			return true
		}
		*n--
		if clearNth(v.Field(i), n) {
			return true
		}
	}
	return false
}

func isOptional(t reflect.Type) bool {
	_, ok := reflect.PointerTo(t).MethodByName("Cleared")
	return ok
}

func deepCopy(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	switch v.Kind() {
	case reflect.Pointer:
		c.Set(reflect.New(v.Type().Elem()))
		c.Elem().Set(deepCopy(v.Elem()))
	case reflect.Slice:
		c.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			c.Index(i).Set(deepCopy(v.Index(i)))
		}
	case reflect.Struct:
		if isOptional(v.Type()) {
			return c
		}
		for i := range v.NumField() {
			c.Field(i).Set(deepCopy(v.Field(i)))
		}
	}
	return c
}
