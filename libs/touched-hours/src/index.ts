export { createTouchedHours, type TouchedHour, type TouchedHours, type TouchedHoursOptions } from './touched-hours';
