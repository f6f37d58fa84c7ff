/**
 * Units with exact factors to a base unit of their dimension. Each row: base dimension, then `names=factor` where names
 * are separated by commas and the factor is an integer or a fraction. Plurals in -s are added for words.
 */
export const unitRows: readonly string[] = [
  'length: m,meter,metre=1 km,kilometer,kilometre=1000 cm,centimeter,centimetre=1/100 mm,millimeter,millimetre=1/1000 dm,decimeter=1/10 nm,nanometer=1/1000000000 μm,micron,micrometer=1/1000000 in,inch,inches=127/5000 ft,foot,feet=381/1250 yd,yard=1143/1250 mi,mile=201168/125',
  'mass: kg,kilogram,kilo=1 g,gram,gm=1/1000 mg,milligram=1/1000000 tonne,ton=1000 lb,lbs,pound=45359237/100000000 oz,ounce=45359237/1600000000',
  'time: s,sec,second=1 min,minute,mins=60 h,hr,hour=3600 day=86400 wk,week=604800 month=2629746 yr,year=31556952 ms,millisecond=1/1000',
  'volume: L,l,liter,litre=1/1000 mL,ml,milliliter,millilitre=1/1000000 dL,deciliter=1/10000 cc=1/1000000 gal,gallon=473176473/125000000000 quart,qt=473176473/500000000000 pint,pt=473176473/1000000000000',
  'dollar: $,dollar,usd,buck=1 cent,¢=1/100 dime=1/10 nickel=1/20 quarter=1/4 penny,pennies=1/100',
  'euro: €,euro,eur=1',
  'sterling: £,gbp=1 pence=1/100',
  'yen: ¥,yen,jpy=1',
  'yuan: yuan,rmb,cny,元=1',
  'rupee: ₹,rupee,rs,inr=1',
  'peso: peso=1',
  'ruble: ruble,rouble,₽=1',
  'angle: deg,degree=1 rad,radian=0 gradian=9/10',
  'percent: %,percent,pct,percentage=1',
  'temperature: kelvin=1',
  'celsius: celsius,°C=1',
  'fahrenheit: fahrenheit,°F=1',
  'current: A,amp,ampere=1 mA,milliamp=1/1000',
  'force: N,newton=1 kN,kilonewton=1000',
  'energy: J,joule=1 kJ,kilojoule=1000 cal,calorie=523/125 kcal=523000/125 kWh=3600000 eV=0',
  'power: W,watt=1 kW,kilowatt=1000 MW,megawatt=1000000',
  'voltage: V,volt=1 mV,millivolt=1/1000 kV=1000',
  'resistance: ohm,Ω,Omega=1 kohm=1000',
  'frequency: Hz,hertz=1 kHz=1000 MHz=1000000 GHz=1000000000',
  'pressure: Pa,pascal=1 kPa=1000 MPa=1000000 atm,atmosphere=101325 bar=100000',
  'amount: mol,mole=1 mmol=1/1000',
  'data: bit=1 byte=8 kb,kilobyte=8192 mb,megabyte=8388608 gb,gigabyte=8589934592',
  'count: unit,item,piece,object,element,person,people,student,child,children,way,solution,time,page,point,apple,book,box,boxes,marble,coin,car,game,egg,cookie,ticket,pair=1',
];

/** Words that raise the next unit to a power. */
export const unitPowers: Readonly<Record<string, number>> = { square: 2, sq: 2, cubic: 3, cu: 3 };

/** Compound abbreviations, spelled out. */
export const unitAliases: Readonly<Record<string, string>> = {
  mph: 'mi/h',
  kph: 'km/h',
  kmh: 'km/h',
  kmph: 'km/h',
  mps: 'm/s',
  fps: 'ft/s',
  sqft: 'ft^2',
  hectare: 'hm^2',
  rpm: 'count/min',
};
