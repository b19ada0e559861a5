package harness

import (
	"reflect"

	agento "github.com/remsyshq/agento-go"
)

// ServiceMethods returns the exported methods of all services, by names such as
// "Agents.Get".
func ServiceMethods() map[string]reflect.Method {
	methods := make(map[string]reflect.Method)
	client := reflect.TypeFor[agento.Client]()
	for i := range client.NumField() {
		service := client.Field(i)
		if !service.IsExported() {
			continue
		}
		for j := range service.Type.NumMethod() {
			m := service.Type.Method(j)
			methods[service.Name+"."+m.Name] = m
		}
	}
	return methods
}
