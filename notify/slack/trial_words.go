package slack

import "sonde/probe"

// trialWords are what people in a channel read while a destination is tried. Facts: name.
type trialWords struct {
	posted, edited, replied, hooked string
}

var trialsIn = map[probe.Language]*trialWords{
	probe.English: {
		posted:  "sonde tries the destination {name}. Nothing is wrong; this goes away at once.",
		edited:  "sonde tried the destination {name}, and edited this. Nothing is wrong; this goes away at once.",
		replied: "And this is an answer in the thread.",
		hooked:  "sonde tries the destination {name}. Nothing is wrong.",
	},
	probe.Korean: {
		posted:  "sonde 알림 대상 시험: {name}. 문제가 있는 것은 아니며, 이 메시지는 곧 지워집니다.",
		edited:  "sonde 알림 대상 시험: {name}. 이 메시지를 고쳤습니다. 문제가 있는 것은 아니며, 곧 지워집니다.",
		replied: "스레드에 단 답글입니다.",
		hooked:  "sonde 알림 대상 시험: {name}. 문제가 있는 것은 아닙니다.",
	},
}
